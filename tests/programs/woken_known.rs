// woken_known ROUNDS: as woken_known.cpp, with std::sync's own locks, which wait and wake by the system call futex.
use std::fs;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, RwLock};
use std::thread;
use std::time::{Duration, Instant};

static TIDS: [AtomicI32; 2] = [AtomicI32::new(0), AtomicI32::new(0)];
static ARRIVED: AtomicUsize = AtomicUsize::new(0);

/// Of both, before and after each round; no wait that anybody tells of.
fn meet(number: &mut usize) {
    *number += 1;
    ARRIVED.fetch_add(1, Ordering::SeqCst);
    while ARRIVED.load(Ordering::SeqCst) < 2 * *number {
        thread::yield_now();
    }
}

fn own_tid() -> i32 {
    let path = fs::read_link("/proc/thread-self").unwrap();
    path.file_name().unwrap().to_str().unwrap().parse().unwrap()
}

/// Until the thread sleeps in a system call, and then a while.
fn let_wait(tid: i32) {
    let path = format!("/proc/self/task/{}/syscall", tid);
    while !fs::read_to_string(&path).map_or(false, |text| text.contains(" 0x") && !text.starts_with('-')) {
        thread::yield_now();
    }
    thread::sleep(Duration::from_millis(3));
}

struct Shared {
    mutex: Mutex<u64>,
    lock: RwLock<u64>,
    gate: Mutex<bool>,
    condition: Condvar,
    held: AtomicBool,
    given: AtomicUsize, // behind each wake, which is no tail call then
}

#[inline(never)]
fn give_mutex(shared: &Shared, taker: i32) {
    let mut guard = shared.mutex.lock().unwrap();
    shared.held.store(true, Ordering::SeqCst);
    let_wait(taker);
    *guard += 1;
    drop(guard);
    shared.given.fetch_add(1, Ordering::SeqCst);
}

#[inline(never)]
fn give_lock(shared: &Shared, taker: i32) {
    let mut guard = shared.lock.write().unwrap();
    shared.held.store(true, Ordering::SeqCst);
    let_wait(taker);
    *guard += 1;
    drop(guard);
    shared.given.fetch_add(1, Ordering::SeqCst);
}

#[inline(never)]
fn give_condition(shared: &Shared, taker: i32) {
    shared.held.store(true, Ordering::SeqCst);
    let_wait(taker);
    *shared.gate.lock().unwrap() = true;
    shared.condition.notify_one();
    shared.given.fetch_add(1, Ordering::SeqCst);
}

#[inline(never)]
fn take(shared: &Shared, way: usize) -> u64 {
    while !shared.held.load(Ordering::SeqCst) {
        thread::yield_now();
    }
    let start = Instant::now();
    match way {
        0 => *shared.mutex.lock().unwrap() += 1,
        1 => *shared.lock.write().unwrap() += 1,
        _ => {
            let mut open = shared.gate.lock().unwrap();
            while !*open {
                open = shared.condition.wait(open).unwrap();
            }
            *open = false;
        }
    }
    start.elapsed().as_nanos() as u64
}

fn take_turns(shared: &Shared, side: usize, rounds: usize) -> Vec<u64> {
    const GIVES: [fn(&Shared, i32); 3] = [give_mutex, give_lock, give_condition];
    let mut met = 0;
    let mut waited = vec![0; GIVES.len()];
    TIDS[side].store(own_tid(), Ordering::SeqCst);
    meet(&mut met);
    for way in 0..GIVES.len() {
        for round in 0..2 * rounds {
            if round % 2 == side {
                GIVES[way](shared, TIDS[1 - side].load(Ordering::SeqCst));
            } else {
                waited[way] += take(shared, way);
            }
            meet(&mut met);
            shared.held.store(false, Ordering::SeqCst);
            meet(&mut met);
        }
    }
    waited
}

fn main() {
    let rounds: usize = std::env::args().nth(1).unwrap().parse().unwrap();
    let shared = Shared {
        mutex: Mutex::new(0),
        lock: RwLock::new(0),
        gate: Mutex::new(false),
        condition: Condvar::new(),
        held: AtomicBool::new(false),
        given: AtomicUsize::new(0),
    };
    let (first, second) = thread::scope(|scope| {
        let first = scope.spawn(|| take_turns(&shared, 0, rounds));
        let second = scope.spawn(|| take_turns(&shared, 1, rounds));
        (first.join().unwrap(), second.join().unwrap())
    });
    const WAY: &str = "\"reason\": \"futex\", \"spins\": false";
    let ways: Vec<String> =
        first.iter().zip(&second).map(|(a, b)| format!("{{{}, \"waited_ns\": [{}, {}]}}", WAY, a, b)).collect();
    let tids: Vec<i32> = TIDS.iter().map(|tid| tid.load(Ordering::SeqCst)).collect();
    println!("{{\"tids\": {:?}, \"ways\": [{}]}}", tids, ways.join(", "));
}
