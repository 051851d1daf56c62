"""redis and memcached: their own tests are in no Debian package, hence a client of ours: each answer is a result."""

import os
import signal
import socket
import subprocess
import time

import run

START_S = 20
ANSWER_S = 20


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Client:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=ANSWER_S)
        self.file = self.socket.makefile("rb")

    def line(self):
        return self.file.readline().decode(errors="replace").rstrip("\r\n")

    def send(self, data):
        self.socket.sendall(data)

    def redis(self, *words):
        words = [str(word).encode() for word in words]
        self.send(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words))
        return self.reply()

    def reply(self):
        line = self.line()
        if line[:1] == "$":
            size = int(line[1:])
            return None if size < 0 else self.file.read(size + 2)[:-2].decode(errors="replace")
        if line[:1] == "*":
            return [self.reply() for _ in range(int(line[1:]))]
        return line

    def memcached(self, text, last):
        """What comes after `text`, up to a line that begins with one of `last`."""
        self.send(text.encode())
        lines = []
        while not lines or not lines[-1].startswith(last):
            lines.append(self.line())
            if not lines[-1]:
                break
        return " / ".join(lines)


class Server:
    """A server that runs; `with` ends it by SIGTERM and tells how it ended."""

    def __init__(self, argv, port, environment, folder):
        self.log = open(folder / "server.log", "wb")
        self.process = subprocess.Popen([*argv], env=environment, cwd=folder, stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log, start_new_session=True)
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.02)
        self.end()
        raise TimeoutError(f"{argv[0]} did not answer in {START_S} s")

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            return str(self.process.wait(START_S))
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            return "hung"
        finally:
            self.log.close()


def until(condition, timeout_s=ANSWER_S):
    deadline = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return str(condition())


def took(at_least, call):
    began = time.monotonic()
    answer = call()
    return f"{answer}, {'in time' if time.monotonic() - began >= at_least else 'too early'}"


REDIS_COMMANDS = [
    "PING", "SET a 1", "GET a", "INCR a", "INCRBY a 40", "GET a", "DEL a", "GET a", "INCR", "NOSUCH x", "SETNX b 1", "SETNX b 2",
    "APPEND b 23", "STRLEN b", "GETRANGE b 0 1", "MSET c 1 d 2", "MGET c d e", "RPUSH l 1 2 3", "LRANGE l 0 -1", "LPOP l",
    "LLEN l", "INCR l", "SADD s x y z", "SCARD s", "SISMEMBER s y", "HSET h f 1 g 2", "HGET h g", "HLEN h",
    "HINCRBY h f 9", "ZADD z 1 one 2 two 3 three", "ZRANGE z 0 -1 WITHSCORES", "ZRANGEBYSCORE z 2 3", "ZRANK z two",
    "PFADD p 1 2 3", "PFCOUNT p", "SETBIT bits 7 1", "BITCOUNT bits", "EXISTS c d nothing", "TYPE z", "RENAME c c2",
    "TTL c2", "EXPIRE c2 100", "PERSIST c2", "MULTI", "INCR m", "INCR m", "EXEC", "MULTI", "DISCARD", "EXEC",
    "EVAL return{KEYS[1],ARGV[1]} 1 k v", "EVAL return(redis.call('incr',KEYS[1])) 1 lua", "XADD x 1-1 f v", "XLEN x",
    "OBJECT ENCODING z", "DBSIZE", "CONFIG GET save", "CONFIG SET hz 100", "SELECT 1", "DBSIZE", "SELECT 0",
]


def redis(environment, folder):
    port = free_port()
    server = Server(["redis-server", "--port", str(port), "--save", "", "--dir", str(folder), "--io-threads", "2"],
                    port, environment, folder)
    results = {}
    try:
        client, other = Client(port), Client(port)
        for number, text in enumerate(REDIS_COMMANDS):
            results[f"{number} {text}"] = str(client.redis(*text.split()))
        results["BLPOP of nothing"] = took(0.2, lambda: client.redis("BLPOP", "nothing", "0.2"))
        client.send(b"BLPOP later 10\r\n")
        other.redis("RPUSH", "later", "it")
        results["BLPOP of what comes"] = str(client.reply())
        results["PX"] = str(client.redis("SET", "short", "1", "PX", "50"))
        results["what expired is gone"] = until(lambda: client.redis("GET", "short") is None)
        results["SUBSCRIBE"] = str(other.redis("SUBSCRIBE", "news"))
        results["PUBLISH"] = f"{client.redis('PUBLISH', 'news', 'hello')} {other.reply()}"
        results["large value"] = str(len(client.redis("GET", "big") or "") if client.redis("SET", "big", "x" * 3000000)
                                     else 0)
        for start, field in (("BGSAVE", "rdb_last_bgsave_status:ok"), ("BGREWRITEAOF", "aof_last_bgrewrite_status:ok")):
            client.redis(start)
            quiet = ("rdb_bgsave_in_progress:0", "aof_rewrite_in_progress:0")
            results[start] = until(lambda: all(word in client.redis("INFO", "persistence") for word in (*quiet, field)))
        results["the files are there"] = str((folder / "dump.rdb").exists())
        status, _ = run.command(["redis-benchmark", "-p", str(port), "-q", "-n", "2000", "-t", "ping,set,get,lpush,mset"],
                                run.environment(None, folder), folder, 60)
        results["redis-benchmark"] = str(status)
        results["DEBUG RELOAD"] = str(client.redis("DEBUG", "RELOAD"))
        results["DBSIZE after all"] = str(client.redis("DBSIZE"))
    finally:
        results["exit status"] = server.end()
    return results, (folder / "server.log").read_text(errors="replace")


STORED = ("STORED", "NOT_STORED", "EXISTS", "NOT_FOUND", "ERROR", "CLIENT_ERROR", "SERVER_ERROR")
FOUND = ("END", "ERROR", "CLIENT_ERROR")
MEMCACHED_COMMANDS = [
    ("set a 5 0 3\r\none\r\n", STORED), ("get a\r\n", FOUND), ("add a 0 0 1\r\nx\r\n", STORED),
    ("replace a 0 0 2\r\n40\r\n", STORED), ("incr a 2\r\n", ("4",)), ("decr a 50\r\n", ("0",)),
    ("append a 0 0 2\r\n77\r\n", STORED), ("prepend a 0 0 1\r\n1\r\n", STORED), ("get a b c\r\n", FOUND),
    ("delete a\r\n", ("DELETED", "NOT")), ("delete a\r\n", ("DELETED", "NOT")), ("incr none 1\r\n", ("NOT",)),
    ("nonsense\r\n", ("ERROR",)), ("set k 0 0 2\r\nlonger\r\n", STORED),
    ("set v 0 -1 1\r\nx\r\n", STORED), ("get v\r\n", FOUND), ("touch none 1\r\n", ("TOUCHED", "NOT")),
    ("verbosity 0\r\n", ("OK",)), ("version\r\n", ("VERSION",)), ("mg none\r\n", ("EN",)),
    ("ms meta 2\r\nhi\r\n", ("HD",)), ("mg meta v\r\nmn\r\n", ("MN",)),
]


def memcached(environment, folder):
    port = free_port()
    server = Server(["memcached", "-u", "root", "-l", "127.0.0.1", "-p", str(port), "-t", "4", "-c", "600"], port,
                    environment, folder)
    results = {}
    try:
        client = Client(port)
        for number, (text, last) in enumerate(MEMCACHED_COMMANDS):
            results[f"{number} {text[:20]!r}"] = Client(port).memcached(text, last)
        results["expiry"] = client.memcached("set soon 0 1 1\r\nx\r\n", STORED)
        results["what expired is gone"] = until(lambda: client.memcached("get soon\r\n", FOUND) == "END")
        large = "y" * 1000000
        results["large value"] = client.memcached(f"set big 0 0 1000000\r\n{large}\r\n", STORED)
        results["large value back"] = str(len(client.memcached("get big\r\n", FOUND)))
        clients = [Client(port) for _ in range(300)]
        results["300 clients store"] = str({c.memcached(f"set n{i} 0 0 3\r\n{i:03}\r\n", STORED)
                                            for i, c in enumerate(clients)})
        results["300 clients find"] = str(all(f"{i:03}" in c.memcached(f"get n{i}\r\n", FOUND)
                                              for i, c in enumerate(clients)))
        for each in clients:
            each.file.close()
            each.socket.close()
        for _ in range(3000):
            client.send(b"incr count 1\r\n")
        results["3000 pipelined"] = str({client.line() for _ in range(3000)})
        results["curr_items"] = [word for word in client.memcached("stats\r\n", FOUND).split(" / ")
                                 if " curr_items " in word][0]
    finally:
        results["exit status"] = server.end()
    return results, (folder / "server.log").read_text(errors="replace")


SUITES = {"redis": redis, "memcached": memcached}
