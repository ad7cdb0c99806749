"""nginx and Caddy: their own checks, and what the shop learns about a client behind Caddy."""

import re
import socket
import subprocess
import threading
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.deploy.files import DEPLOY, read, tool
from tests.patience import PATIENCE, wait_for
from tests.ports import free_port
from tests.stack.program import PROJECT, Program

MAIN = """
pid {folder}/pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    include {folder}/conveyor.conf;
}}
"""
FORGED = {
    "Host": "shop.example",
    "X_Forwarded_For": "192.0.2.1",
    "X-Forwarded-For": "192.0.2.2",
    "Traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
}


@pytest.fixture
def upstream():
    """A server that answers with the headers that it got."""

    class Echo(BaseHTTPRequestHandler):
        def do_GET(self):
            body = "".join(f"{name.lower()}: {value}\n" for name, value in self.headers.items()).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self):
            self.do_GET()

        def log_message(self, *_):
            """Nothing is logged."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


def get(port: int, path: str) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", path, headers=FORGED)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def answers(port: int) -> bool:
    try:
        return get(port, "/")[0] == 200
    except OSError:
        return False


def assert_client_is_the_one_that_connected(port: int, *, keeps: str) -> None:
    """`keeps` is what is left of the forged header, in front of the address that the shop believes."""
    status, headers = get(port, "/")
    assert status == 200
    assert f"x-forwarded-for: {keeps}127.0.0.1\n" in headers
    assert "x_forwarded_for" not in headers
    assert "traceparent" not in headers
    assert "host: shop.example\n" in headers
    assert "x-forwarded-proto: http\n" in headers
    assert get(port, "/metrics")[0] == 404


def assert_a_body_is_read_before_it_is_passed_on(port: int) -> None:
    """The upstream answers at the end of the headers: an answer before the body shows that it was asked too early."""
    headers = "POST / HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 20\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
        connection.sendall(headers.encode() + b"name=Ada")
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.settimeout(PATIENCE)
        connection.sendall(b"&city=London")
        assert connection.recv(12) == b"HTTP/1.1 200"


def on_free_ports(text: str, *, https: int) -> str:
    """nginx' check binds what it listens on, which may be in use, or not be allowed."""
    ports = {"80": free_port(), "443": https}
    without_v6 = re.sub(r"listen \[::\].*", "", text)
    return re.sub(r"listen (\d+)", lambda found: f"listen 127.0.0.1:{ports[found[1]]}", without_v6)


def without_tls(text: str, *, port: int, upstream: int) -> str:
    """The upstream and the server of the pages, on other ports."""
    servers = re.split(r"^(?=server )", text, flags=re.MULTILINE)
    kept = f"{servers[0]}{servers[-1]}".replace("127.0.0.1:8000", f"127.0.0.1:{upstream}")
    return re.sub(r"\bssl_.*| ssl http2\b", "", on_free_ports(kept, https=port))


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("caddy/Caddyfile", "request_header -traceparent"),
        ("nginx/conveyor.conf", 'proxy_set_header traceparent "";'),
    ],
)
def test_a_proxy_drops_a_visitors_trace_as_the_guide_says(path, line):
    """Of the text, for where neither proxy is installed."""
    assert line in [each.strip() for each in read(path).splitlines()]
    guide = " ".join((PROJECT / "docs" / "how-to" / "trace.md").read_text().split())
    assert line in guide


def test_caddy_reads_as_large_a_body_first_as_nginx_takes():
    """Of the text, for where neither proxy is installed."""
    [most] = re.findall(r"client_max_body_size (\d+)m;", read("nginx/conveyor.conf"))
    assert f"request_buffers {most}MiB" in read("caddy/Caddyfile")


def test_nginx(upstream, tmp_path):
    nginx, openssl, port = tool("nginx"), tool("openssl"), free_port()
    key, certificate = tmp_path / "privkey.pem", tmp_path / "fullchain.pem"
    made = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=shop.example"]
    subprocess.run([*made, "-keyout", key, "-out", certificate], capture_output=True, check=True)
    text = read("nginx/conveyor.conf").replace("/etc/letsencrypt/live/shop.example", str(tmp_path))
    (tmp_path / "conveyor.conf").write_text(on_free_ports(text, https=free_port()))
    (tmp_path / "nginx.conf").write_text(MAIN.format(folder=tmp_path))
    command = [nginx, "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf"), "-e", "stderr"]
    done = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "[warn]" not in done.stderr

    (tmp_path / "conveyor.conf").write_text(without_tls(text, port=port, upstream=upstream))
    program = Program("nginx", [*command, "-g", "daemon off;"], env={}, log=tmp_path / "log")
    try:
        program.start()
        wait_for(lambda: answers(port))
        assert_client_is_the_one_that_connected(port, keeps="192.0.2.2, ")
        assert_a_body_is_read_before_it_is_passed_on(port)
    finally:
        program.kill()


def test_caddy(upstream, tmp_path):
    caddy, port = tool("caddy"), free_port()
    version = subprocess.run([caddy, "version"], capture_output=True, text=True, check=True).stdout
    if re.match(r"v?2\.[0-6]\.", version):
        pytest.skip("the Caddyfile needs Caddy 2.7")
    path = DEPLOY / "caddy" / "Caddyfile"
    env = {
        "HOME": str(tmp_path),
        "SHOP_HOST": f"http://shop.example:{port}",
        "UPSTREAM": f"127.0.0.1:{upstream}",
        "XDG_DATA_HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path),
    }
    (tmp_path / "Caddyfile").write_text("{\n\tadmin off\n}\n" + path.read_text())
    command = [caddy, "run", "--adapter", "caddyfile", "--config", str(tmp_path / "Caddyfile")]
    for host in (env["SHOP_HOST"], "shop.example"):
        check = [caddy, "validate", "--adapter", "caddyfile", "--config", str(path)]
        done = subprocess.run(check, env=env | {"SHOP_HOST": host}, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    program = Program("caddy", command, env=env, log=tmp_path / "log")
    try:
        program.start()
        wait_for(lambda: answers(port))
        assert_client_is_the_one_that_connected(port, keeps="")
        assert_a_body_is_read_before_it_is_passed_on(port)
    finally:
        program.kill()


@pytest.mark.parametrize("name", ["prometheus", "kubernetes"])
def test_prometheus_accepts_the_configuration(name, tmp_path):
    promtool, token = tool("promtool"), tmp_path / "token"
    token.write_text("secret")
    path = tmp_path / "prometheus.yml"
    path.write_text(read(f"prometheus/{name}.yml").replace("/run/secrets/metrics_token", str(token)))
    done = subprocess.run([promtool, "check", "config", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
