"""What the benchmarks share: the service on a fresh private cluster, the kernel's figures, tables."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARY = str(ROOT / "target/release/video-telemetry")
ELSEWHERE = pathlib.Path("/var/lib/video-telemetry")
DATABASE = "telemetry"
TICKS_PER_SEC = os.sysconf("SC_CLK_TCK")


# --- the kernel's figures -------------------------------------------------------------------------

def stat(pid):
    """The fields of /proc/PID/stat from the third on, or None if the process is gone."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()


def own_cpu_us(pid):
    fields = stat(pid)
    return (int(fields[11]) + int(fields[12])) * 1_000_000 // TICKS_PER_SEC


def tree_cpu_us(postmaster):
    """A server's CPU time: postmaster, live children, and the children it has reaped."""
    ticks = sum(map(int, stat(postmaster)[11:15]))
    for entry in pathlib.Path("/proc").iterdir():
        fields = stat(entry.name) if entry.name.isdigit() else None
        if fields and int(fields[1]) == postmaster:
            ticks += sum(map(int, fields[11:15]))
    return ticks * 1_000_000 // TICKS_PER_SEC


def resident_bytes(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", text).group(1)) * 1024


# --- the service ----------------------------------------------------------------------------------

class Service:
    """The release binary on a fresh private cluster."""

    def __init__(self, binary, folder, idle_timeout):
        self.binary = binary
        self.data = folder / "data"
        self.log = open(folder / "serve.log", "w")
        command = [binary, "serve", "--data-dir", self.data, "--bind", "127.0.0.1:0",
                   "--idle-timeout", idle_timeout]
        environment = {k: v for k, v in os.environ.items() if k != "DATABASE_URL"}
        environment.setdefault("TELEMETRY_LOG", "warn")
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log,
                                        text=True, env=environment)
        self.url = self.wait_for_url()
        self.postmaster, self.socket_folder = self.find_cluster()

    def wait_for_url(self):
        for line in self.process.stdout:
            found = re.search(r"listening on (http://\S+)", line)
            if found:
                return found.group(1)
        sys.exit(f"the service did not start:\n{pathlib.Path(self.log.name).read_text()}")

    def find_cluster(self):
        """The cluster is in the data folder, or in the folder that its cluster-name names."""
        places = [self.data]
        name = self.data / "cluster-name"
        if name.exists():
            places.append(ELSEWHERE / name.read_text().strip())
        for place in places:
            pid_file = place / "postgresql" / "postmaster.pid"
            if pid_file.exists():
                self.home = place
                lines = pid_file.read_text().splitlines()
                return int(lines[0]), lines[4].strip()
        sys.exit("no postmaster.pid found: this needs the private cluster")

    def sql(self, script):
        """The output of psql, one row a line."""
        command = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1",
                   "-h", self.socket_folder, "-U", DATABASE, "-d", DATABASE]
        done = subprocess.run(command, input=script, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"psql: {done.stderr}")
        return done.stdout.strip()

    def count(self, table):
        return int(self.sql(f"SELECT count(*) FROM {table};"))

    def cpu_us(self):
        return own_cpu_us(self.process.pid), tree_cpu_us(self.postmaster)

    def simulate(self, *flags):
        """The report of a run of simulate against this service."""
        command = [self.binary, "simulate", "--url", self.url, "--output", "json", *flags]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        if done.returncode:
            sys.exit(f"simulate lost events: {done.stdout}")
        return json.loads(done.stdout)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
        if self.home != self.data:
            shutil.rmtree(self.home, ignore_errors=True)


def table(rows):
    widths = [max(len(str(row[i])) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = [str(c).ljust(w) if i == 0 else str(c).rjust(w)
                 for i, (c, w) in enumerate(zip(row, widths))]
        print("  " + "   ".join(cells))


def temporary_folder():
    """A folder that PostgreSQL can enter when it runs as another user."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="video-telemetry-bench-"))
    folder.chmod(0o755)
    return folder


def require(binary):
    """Ends where a benchmark could not run."""
    if not pathlib.Path(binary).exists():
        sys.exit(f"{binary} is missing: run ./scripts/build first")
    if not shutil.which("psql"):
        sys.exit("psql is missing: install a PostgreSQL client (apt install postgresql-client)")
