"""The servers of the soak, how each is started, and one request to each whose answer is known."""

import getpass
import os

import servers

NGINX_CONFIG = """
daemon off; worker_processes 2; pid {folder}/nginx.pid; error_log {folder}/error.log warn; {user}
events {{ worker_connections 128; }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fast;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi; keepalive_requests 1000000000;
  server {{ listen 127.0.0.1:{port} reuseport; root {folder}; }}
}}
"""
PYTHON_SERVER = """
import http.server, sys, zlib
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = b"%08x" % zlib.crc32(bytes(i * i % 251 for i in range(2000)))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *arguments):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
PAGE = "page " * 100


def argv_of(name, port, folder):
    if name == "nginx":
        user = f"user {getpass.getuser()};" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(NGINX_CONFIG.format(folder=folder, port=port, user=user))
        (folder / "index.html").write_text(PAGE)
        return ["/usr/sbin/nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")]
    if name == "redis":
        return ["redis-server", "--port", str(port), "--save", "", "--dir", str(folder), "--io-threads", "2"]
    if name == "memcached":
        return ["memcached", "-u", "root", "-l", "127.0.0.1", "-p", str(port), "-t", "2"]
    return ["/usr/bin/python3", "-c", PYTHON_SERVER, str(port)]


def http_answer(client):
    client.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    status, size = client.line(), 0
    while line := client.line():
        if line.lower().startswith("content-length:"):
            size = int(line.split(":")[1])
    return status.split()[1], client.file.read(size).decode()


def nginx(client, _):
    return http_answer(client) == ("200", PAGE)


def python(client, _):
    status, body = http_answer(client)
    return status == "200" and len(body) == 8


def redis(client, number):
    key, value = f"key{number % 500}", str(number) * 20
    return client.redis("SET", key, value) == "+OK" and client.redis("GET", key) == value


def memcached(client, number):
    key, value = f"key{number % 500}", str(number) * 20
    return (client.memcached(f"set {key} 0 0 {len(value)}\r\n{value}\r\n", servers.STORED) == "STORED" and
            client.memcached(f"get {key}\r\n", servers.FOUND) == f"VALUE {key} 0 {len(value)} / {value} / END")


REQUESTS = {"nginx": nginx, "redis": redis, "memcached": memcached, "python": python}
