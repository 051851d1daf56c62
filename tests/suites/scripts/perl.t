# What perl does with processes, signals, sockets and time.
use strict;
use warnings;
use Test::More;
use POSIX qw(:sys_wait_h :signal_h :errno_h pause sigaction);
use Socket;
use IO::Select;
use IO::Socket::INET;
use IPC::Open3;
use Time::HiRes qw(time sleep alarm usleep clock_gettime CLOCK_MONOTONIC setitimer ITIMER_REAL ITIMER_VIRTUAL);
use Config;

sub in_time { my ($from, $to, $name, $code) = @_; my $began = time; $code->(); my $took = time - $began;
              ok($took >= $from && $took < $to, $name) or diag("took $took s"); }

in_time(0.2, 5, 'sleep is not cut short', sub { sleep 0.2 });
in_time(0.2, 5, 'select is not cut short', sub { is(select(undef, undef, undef, 0.2), 0, 'and finds nothing') });
in_time(0.2, 5, 'usleep is not cut short', sub { usleep(200_000) });
{
    my $got = 0;
    local $SIG{ALRM} = sub { $got++ };
    alarm 0.1;
    in_time(0.05, 3, 'alarm ends a sleep', sub { sleep 3 });
    is($got, 1, 'its handler ran once');
    my $died = !eval { local $SIG{ALRM} = sub { die "late\n" }; alarm 0.1; sleep 3; 1 };
    ok($died && $@ eq "late\n", 'die in a handler leaves what it interrupted');
    my $ticks = 0;
    local $SIG{ALRM} = sub { $ticks++ };
    setitimer(ITIMER_REAL, 0.02, 0.02);
    my $end = time + 5;
    1 while $ticks < 10 && time < $end;
    setitimer(ITIMER_REAL, 0);
    cmp_ok($ticks, '>=', 10, 'an interval timer ticks');
}
{
    my $virtual = 0;
    local $SIG{VTALRM} = sub { $virtual++ };
    setitimer(ITIMER_VIRTUAL, 0.05, 0);
    my $end = time + 10;
    1 while !$virtual && time < $end;
    is($virtual, 1, 'a virtual timer ticks once');
    my ($prof, $set) = (0, POSIX::SigSet->new(SIGPROF));
    ok(sigaction(SIGPROF, POSIX::SigAction->new(sub { $prof++ }, POSIX::SigSet->new)), 'SIGPROF is free to use');
    my $previous = POSIX::SigAction->new;
    sigaction(SIGPROF, undef, $previous);
    ok($previous->{HANDLER}, 'and its handler is told');
    kill 'PROF', $$;
    is($prof, 1, 'SIGPROF arrives');
    POSIX::sigprocmask(SIG_BLOCK, $set);
    kill 'PROF', $$;
    my $pending = POSIX::SigSet->new;
    POSIX::sigpending($pending);
    ok($pending->ismember(SIGPROF), 'and is pending when blocked');
    POSIX::sigprocmask(SIG_UNBLOCK, $set);
    is($prof, 2, 'until it is not');
}
for my $status (0, 1, 255) {
    my $pid = fork // die;
    POSIX::_exit($status) unless $pid;
    is(waitpid($pid, 0), $pid, "waitpid finds the child that ends with $status");
    is($? >> 8, $status, 'and its status');
}
is(waitpid(-1, WNOHANG), -1, 'no child is left');
ok($!{ECHILD}, 'ECHILD');
{
    my %children;
    for my $n (1 .. 50) { my $pid = fork // die; exit $n unless $pid; $children{$pid} = $n }
    my $right = 0;
    while ((my $pid = wait) > 0) { $right++ if $children{$pid} == $? >> 8 }
    is($right, 50, '50 children are waited for');
    my $got = 0;
    local $SIG{CHLD} = sub { while (waitpid(-1, WNOHANG) > 0) { $got++ } };
    for (1 .. 10) { my $pid = fork // die; exit unless $pid }
    my $end = time + 10;
    sleep 0.05 while $got < 10 && time < $end;
    is($got, 10, 'SIGCHLD tells of each');
}
is(`echo backticks`, "backticks\n", 'backticks');
is(system('exit 3;') >> 8, 3, 'system');
is(system({'/bin/true'} 'true'), 0, 'system without a shell');
is(system('/no/such/program'), -1, 'system of nothing');
ok($!{ENOENT}, 'ENOENT');
{
    my $pid = open(my $pipe, '-|') // die;
    if (!$pid) { print "line $_\n" for 1 .. 10000; exit 9 }
    my $lines = 0;
    $lines++ while <$pipe>;
    is($lines, 10000, 'a forked pipe gives all lines');
    close $pipe;
    is($? >> 8, 9, 'and its status');
    my $child = open3(my $in, my $out, undef, 'cat; echo told >&2');
    print $in "sent\n";
    close $in;
    is(join('', sort <$out>), "sent\ntold\n", 'open3 joins all three');
    waitpid $child, 0;
    is($?, 0, 'and ends well');
    my $victim = fork // die;
    if (!$victim) { sleep 30; exit }
    kill 'TERM', $victim;
    waitpid $victim, 0;
    is($? & 127, SIGTERM, 'a child that SIGTERM ends');
}
{
    socketpair(my $a, my $b, AF_UNIX, SOCK_STREAM, 0) or die;
    my $ready = IO::Select->new($a);
    in_time(0.2, 5, 'can_read waits its time', sub { is(scalar(my @none = $ready->can_read(0.2)), 0, 'in vain') });
    syswrite $b, 'x';
    is(scalar(my @some = $ready->can_read(5)), 1, 'or finds what came');
    setsockopt($b, SOL_SOCKET, SO_RCVTIMEO, pack('qq', 0, 200_000)) or die;
    in_time(0.2, 5, 'SO_RCVTIMEO is kept', sub { is(sysread($b, my $buffer, 1), undef, 'and nothing read') });
    ok($!{EAGAIN}, 'EAGAIN');
    my $server = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1', Proto => 'tcp') or die;
    my $pid = fork // die;
    if (!$pid) { for (1 .. 20) { my $c = $server->accept; my $line = <$c>; print $c "echo $line"; close $c } exit }
    my $answers = 0;
    for my $n (1 .. 20) {
        my $c = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $server->sockport) or last;
        print $c "$n\n";
        $answers++ if <$c> eq "echo $n\n";
    }
    waitpid $pid, 0;
    is($answers, 20, 'a server in a child answers');
}
SKIP: {
    skip 'perl without threads', 3 unless $Config{useithreads};
    require threads; require threads::shared; require Thread::Queue;
    my @threads = map { my $n = $_; threads->create(sub { my $sum = 0; $sum += $_ for 1 .. 20000; $sum + $n }) } 1 .. 8;
    is(eval { my $ok = 0; for my $n (1 .. 8) { $ok++ if $threads[$n - 1]->join == 200010000 + $n } $ok }, 8, 'threads');
    my $queue = Thread::Queue->new;
    my $reader = threads->create(sub { my $sum = 0; while (defined(my $n = $queue->dequeue)) { $sum += $n } $sum });
    $queue->enqueue($_) for 1 .. 1000;
    $queue->end;
    is($reader->join, 500500, 'a queue loses nothing');
    my $started = threads->create(sub { fork // die; 1 });
    $started->join;
    POSIX::_exit(0) if getppid != $ENV{TEST_PARENT};
    wait;
    is($?, 0, 'a thread may fork');
}
is(join(' ', sort map { s{.*/}{}r } glob '/proc/self/fd/[0-2]'), '0 1 2', 'the first descriptors are there');
pipe(my $r, my $w) or die;
cmp_ok(fileno($r), '<', 12, 'a new descriptor is low');
done_testing;
