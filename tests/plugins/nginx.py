"""A real nginx on 127.0.0.1 that takes forms and stands before other servers, as many users will have one."""

import shutil
import socket
import subprocess
import time
from pathlib import Path

from attrs import define, field

_CONFIG = """
worker_processes 1;
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/bodies;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    client_max_body_size 2g;
    server {{
        listen 127.0.0.1:{port};
        location /upload {{
            client_body_in_file_only on;
            proxy_set_header X-Body-File $request_body_file;
            proxy_set_body off;
            proxy_pass http://127.0.0.1:{backend};
        }}
        location /discard {{
            client_body_in_file_only clean;
            proxy_set_header X-Body-File $request_body_file;
            proxy_set_body off;
            proxy_pass http://127.0.0.1:{backend};
        }}
        location /small {{
            client_max_body_size 100k;
            proxy_pass http://127.0.0.1:{backend};
        }}
        location /moved {{ return 307 /upload; }}
        location /lost {{ return 302 /upload; }}
        location /nobody {{ proxy_pass http://127.0.0.1:1; }}
        location /dav/ {{ alias {folder}/dav/; dav_methods PUT DELETE; }}
        location /static {{ alias {folder}/static; }}
        location / {{
            proxy_pass http://127.0.0.1:{backend};
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
        }}
    }}
}}
"""


def find_nginx() -> str | None:
    """The program, where it is installed; Debian keeps it off the path of ordinary users."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


@define
class Nginx:
    """Stores whole request bodies as files under `folder/bodies`, and asks the HTTP server at `backend` for answers.

    The backend gets the body's file in the header X-Body-File. `/small` refuses more than 100 kB, `/moved` and `/lost`
    redirect, behind `/nobody` nothing listens, `/static` serves the files of `folder/static`, `/dav/` keeps and
    deletes files in `folder/dav`. Everything else goes to the backend as it comes.
    """

    folder: Path
    backend: int
    port: int = 0
    _process: subprocess.Popen[bytes] = field(init=False)

    def __attrs_post_init__(self) -> None:
        program = find_nginx()
        assert program is not None
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        for name in ("static", "dav"):
            (self.folder / name).mkdir(parents=True)
        config = self.folder / "nginx.conf"
        config.write_text(_CONFIG.format(folder=self.folder, port=self.port, backend=self.backend))
        self._process = subprocess.Popen(
            [program, "-c", config, "-e", self.folder / "error.log", "-p", self.folder],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._wait_until_it_listens()

    def url(self, path: str = "/upload") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(10)

    def _wait_until_it_listens(self) -> None:
        limit = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                if self._process.poll() is not None or time.monotonic() > limit:
                    log = self.folder / "error.log"
                    raise RuntimeError(f"nginx does not start: {log.read_text() if log.exists() else ''}") from None
                time.sleep(0.01)
            else:
                return
