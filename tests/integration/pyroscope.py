"""A server that takes pushes as Pyroscope does, by its default limits: what it refuses it says why."""

import base64
import contextlib
import email
import gzip
import http.server
import json
import re
import threading
import time
import urllib.parse

import pprof_reader

BYTES_MAX, SAMPLES_MAX, LABELS_MAX, DEPTH_MAX, TEXT_MAX, SERIES_LABELS_MAX = 4 << 20, 16000, 100, 1000, 65535, 30
PAST_S, FUTURE_S = 3600, 600


class Refused(ValueError):
    pass


def demand(condition, why):
    if not condition:
        raise Refused(why)


def parts_of(headers, body):
    message = email.message_from_bytes(b"Content-Type: " + headers["Content-Type"].encode() + b"\r\n\r\n" + body)
    return {part.get_param("name", header="content-disposition"): part.get_payload(decode=True)
            for part in message.get_payload()}


def check_labels(labels):
    """Names as Prometheus has them, each once."""
    demand(0 < len(labels) <= SERIES_LABELS_MAX, f"{len(labels)} labels")
    demand(len(dict(labels)) == len(labels), "a label twice")
    for name, value in labels:
        demand(re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", name), f"label name {name!r}")
        demand(len(name) <= 1024 and len(value) <= 2048, f"length of label {name!r}")
    return dict(labels)


def check_profile(data):
    raw = gzip.decompress(data)
    demand(len(raw) <= BYTES_MAX, f"{len(raw)} bytes")
    top = pprof_reader.message(raw)
    samples, texts = top.get(2, []), top.get(6, [])
    demand(len(samples) <= SAMPLES_MAX, f"{len(samples)} samples")
    for sample in map(pprof_reader.message, samples):
        depth = sum(len(pprof_reader.numbers(value)) for value in sample.get(1, []))
        demand(depth <= DEPTH_MAX, f"a stack of {depth}: its leaf would be cut off")
        demand(len(sample.get(3, [])) <= LABELS_MAX, f"{len(sample.get(3, []))} labels of a sample")
    for text in texts:
        demand(len(text) <= TEXT_MAX, f"a string of {len(text)} bytes")
        text.decode()
    for number in (4, 5):
        demand(all(pprof_reader.one(pprof_reader.message(entry), 1) for entry in top.get(number, [])), "an id of 0")
    profile = pprof_reader.decode(data)
    demand(profile.sample_types and not any("-" in name for name, _ in profile.sample_types), "a '-' in a sample type")
    age_s = time.time() - profile.time_ns / 1e9
    demand(profile.time_ns == 0 or -FUTURE_S < age_s < PAST_S, f"an age of {age_s:.0f} s")
    return profile


def check_ingest(path, headers, body):
    query = {key: value[0] for key, value in urllib.parse.parse_qs(urllib.parse.urlsplit(path).query).items()}
    demand(query.get("format") == "pprof" and int(query["from"]) <= int(query["until"]), "the query")
    name = re.fullmatch(r"([a-zA-Z0-9_./-]+)(?:\{(.*)\})?", query.get("name", ""))
    demand(name, f"the application's name: {query.get('name')!r}")
    labels = [tuple(pair.split("=", 1)) for pair in (name[2] or "").split(",") if pair]
    check_labels([("service_name", name[1]), *labels])
    parts = parts_of(headers, body)
    profile = check_profile(parts["profile"])
    demand(set(json.loads(parts["sample_type_config"])) == {name for name, _ in profile.sample_types}, "the types' meaning")
    return profile


def check_connect(headers, body):
    demand(headers["Content-Type"] == "application/json", "the content type")
    profiles = []
    for series in json.loads(body)["series"]:
        labels = check_labels([(label["name"], label["value"]) for label in series["labels"]])
        demand(re.fullmatch(r"[a-zA-Z_:][a-zA-Z0-9_:]*", labels.get("__name__", "")), "the metric's name")
        demand(labels.get("service_name"), "no service_name")
        profiles += [check_profile(base64.b64decode(sample["rawProfile"], validate=True)) for sample in series["samples"]]
    return profiles[0]


class Server:
    """Answers with each of `statuses` in turn, then as Pyroscope would."""

    def __init__(self, statuses):
        self.left = list(statuses)
        self.url = ""
        self.taken = []     # (path, headers, body)
        self.profiles = []  # those decoded
        self.refused = []   # why
        self.asked_s = []   # when, of all
        self.lock = threading.Lock()

    def answer(self, path, headers, body):
        """(status, text)"""
        with self.lock:
            self.asked_s.append(time.monotonic())
            if self.left:
                return self.left.pop(0), "not now"
            try:
                is_connect = path == "/push.v1.PusherService/Push"
                profile = check_connect(headers, body) if is_connect else check_ingest(path, headers, body)
            except (Refused, ValueError, KeyError) as error:
                self.refused.append(repr(error))
                return 400, str(error)
            self.profiles.append(profile)
            self.taken.append((path, headers, body))
            return 200, ""


@contextlib.contextmanager
def pyroscope(statuses=()):
    server = Server(statuses)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):  # the base class calls it by this name
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, text = server.answer(self.path, self.headers, body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as serving:
        thread = threading.Thread(target=serving.serve_forever)
        thread.start()
        server.url = f"http://127.0.0.1:{serving.server_port}"
        try:
            yield server
        finally:
            serving.shutdown()
            thread.join()
