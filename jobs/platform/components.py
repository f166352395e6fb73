"""What the embedded stack consists of: one `Component` a process, in the order they start."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlparse

import httpx
import psutil

from jobs.contracts.load import load_all
from jobs.platform.access_log import configuration
from jobs.platform.airflow_api import Airflow
from jobs.platform.errors import LakeError
from jobs.platform.secrets import connect_token, credentials, secret
from jobs.platform.settings import Settings
from jobs.platform.store import require_store

JOB_CLASS = "org.civiclake.JobServer"
JDBC_DRIVERS = {"derby": "org.apache.derby.client.ClientAutoloadedDriver", "postgresql": "org.postgresql.Driver", "mysql": "com.mysql.cj.jdbc.Driver"}
CONNECT_CLASS = "org.apache.spark.sql.connect.service.SparkConnectServer"
# Of the processor time of runs over small datasets two fifths went into compiling planner code once more, with all optimisations, that then ran a few times.
# Loops over rows are compiled so as before: they come to it by their own threshold, which stays.
LESS_COMPILED = "-XX:Tier4InvocationThreshold=50000 -XX:Tier4MinInvocationThreshold=20000 -XX:Tier4CompileThreshold=100000"


@dataclass(frozen=True)
class Component:
    """A supervised process. `healthy` raises or returns False until it serves; `deadline` is in seconds; `scratch`: a folder of what it needs only while it runs, which one that was killed leaves behind."""

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str] = field(repr=False)
    healthy: Callable[[], bool]
    ports: tuple[int, ...]
    deadline: float = 60
    prepare: Callable[[], object] = lambda: None
    scratch: Path | None = None


def components(settings: Settings) -> list[Component]:
    """The processes this checkout runs, first to last. What the profile says to be elsewhere is not among them (see externals.py)."""
    own: list[Component] = []
    if settings.storage.endpoint is None and settings.profile == "embedded":
        own += [_store_log(settings), _store(settings)]
    if settings.metastore is None:
        own.append(_metastore(settings))
    if settings.spark.connect is None:
        own.append(_connect(settings))
    if settings.spark.connect_analyst is None:
        own.append(_connect_analyst(settings))
    return [*own, *_airflow(settings)]


def java_home() -> Path:
    """The JDK that runs Spark: JAVA_HOME, or the one `java` on the path belongs to."""
    if home := os.environ.get("JAVA_HOME"):
        return Path(home)
    java = shutil.which("java")
    if java is None:
        raise LakeError("no Java was found", "install a JDK of version 17 or later: apt-get install openjdk-17-jdk-headless")
    return Path(java).resolve().parents[1]


def spark_home() -> Path:
    import pyspark

    return Path(pyspark.__file__).parent


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _plain_env() -> dict[str, str]:
    """The caller's environment less what would point a server at somebody else's lake."""
    return {key: value for key, value in os.environ.items() if not key.startswith(("AWS_ACCESS", "AWS_SECRET", "AWS_SESSION", "SPARK_", "AIRFLOW", "LAKE_ROLE"))}


def _store_log(settings: Settings) -> Component:
    """Before the store, which tells it of every request."""
    port = settings.port("store_log")
    command = (sys.executable, "-m", "jobs.platform.access_log", str(port), str(share_access(settings)), settings.bucket("shares"))
    return Component("store-log", command, _plain_env() | {"PYTHONPATH": str(settings.root)}, lambda: _listens(port), (port,))


def share_access(settings: Settings) -> Path:
    """Where requests for what is shared are kept until the ledger has them."""
    return settings.state / "logs" / "share-access.jsonl"


def _store(settings: Settings) -> Component:
    home = settings.state / "store"
    ports = {name: settings.port(name) for name in ("s3", "master", "volume", "filer", "admin")}
    command = [
        str(Path(sys.executable).parent / "weed"), "mini", f"-dir={home}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-s3.config={home}/identities.json",
        f"-s3.port={ports['s3']}", f"-master.port={ports['master']}", f"-volume.port={ports['volume']}", f"-filer.port={ports['filer']}", f"-admin.port={ports['admin']}",
        "-master.telemetry=false", "-webdav=false", "-admin.ui=false", "-s3.allowDeleteBucketNotEmpty=false", "-s3.autoCreateBucket=false",
        "-s3.port.iceberg=0", "-s3.port.lance=0", "-s3.iam.readOnly=false", f"-s3.auditLogConfig={home}/audit.json",
    ]  # fmt: skip
    job = credentials(settings)
    env = _plain_env() | {
        "AWS_ACCESS_KEY_ID": job.access_key, "AWS_SECRET_ACCESS_KEY": job.secret_key, "GOMEMLIMIT": "400MiB",
        "WEED_JWT_SIGNING_KEY": secret(settings, "weed_jwt_write"), "WEED_JWT_SIGNING_READ_KEY": secret(settings, "weed_jwt_read"),
        "WEED_JWT_FILER_SIGNING_KEY": secret(settings, "weed_jwt_filer_write"), "WEED_JWT_FILER_SIGNING_READ_KEY": secret(settings, "weed_jwt_filer_read"),
        "WEED_FILER_OPTIONS_S3_EMPTY_FOLDER_CLEANUP_DELAY": "1s",
    }  # fmt: skip

    def healthy() -> bool:
        require_store(settings)
        return True

    return Component("store", tuple(command), env, healthy, tuple(ports.values()), 60, lambda: _write_identities(settings, home))


def identities(settings: Settings) -> str:
    """Who may do what in the store: `job` everything, `analyst` read curated and the silver tables whose contract grants it, anybody read what is published."""
    curated = settings.bucket("curated")
    readable = [curated, *(f"{settings.bucket('silver')}/{contract.table}/*" for contract in load_all(settings.root)[0] if "analyst" in contract.granted_roles)]
    actions = {"job": ["Admin"], "analyst": [f"{may}:{place}" for place in readable for may in ("Read", "List")]}
    known = [
        {"name": role, "credentials": [{"accessKey": who.access_key, "secretKey": who.secret_key}], "actions": actions[role]}
        for role in actions
        for who in [credentials(settings, role)]
    ]
    anybody = {"name": "anonymous", "actions": [f"Read:{settings.bucket('open')}"]}
    return json.dumps({"identities": [*known, anybody]})


def _write_identities(settings: Settings, home: Path) -> None:
    home.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(home / "identities.json", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write(identities(settings))
    (home / "audit.json").write_text(configuration(settings.port("store_log")))


def refresh_grants(settings: Settings, store: int) -> bool:
    """Tell the running store (its pid) what contracts grant by now. False: nothing had changed."""
    path = settings.state / "store" / "identities.json"
    if path.read_text() == identities(settings):
        return False
    _write_identities(settings, path.parent)
    os.kill(store, signal.SIGHUP)  # SeaweedFS reads its identities again
    return True


def sync_writes(settings: Settings) -> None:
    """Have the store sync every object to disk before it acknowledges it; SeaweedFS by itself leaves that to the operating system. Raises LakeError."""
    shell = [str(Path(sys.executable).parent / "weed"), "shell", f"-master=127.0.0.1:{settings.port('master')}", f"-filer=127.0.0.1:{settings.port('filer')}"]
    said = subprocess.run(shell, input="fs.configure -locationPrefix=/buckets/ -fsync -apply\n", capture_output=True, text=True, check=False, env=_plain_env())
    if not re.search(r'"fsync":\s*true', said.stdout):
        raise LakeError("the store could not be set to sync its writes to disk", f"see .lake/logs/store.log; it said: {(said.stdout + said.stderr).strip()[-200:]}")


def _metastore(settings: Settings) -> Component:
    home, port = settings.state / "metastore", settings.port("metastore")
    jars = f"{spark_home()}/jars/*:{settings.state}/jars/*"
    command = (
        str(java_home() / "bin" / "java"), "-Xmx192m", f"-Dderby.system.home={home}", "-cp", jars,
        "org.apache.derby.drda.NetworkServerControl", "start", "-h", "127.0.0.1", "-p", str(port), "-noSecurityManager",
    )  # fmt: skip

    def prepare() -> None:
        home.mkdir(parents=True, exist_ok=True)
        lines = ["derby.connection.requireAuthentication=true", "derby.authentication.provider=BUILTIN", f"derby.user.job={secret(settings, 'metastore_job')}"]
        with os.fdopen(os.open(home / "derby.properties", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            out.write("\n".join(lines) + "\n")

    return Component("metastore", command, _plain_env(), lambda: _listens(port), (port,), 60, prepare)


def _connect(settings: Settings) -> Component:
    home, port = settings.state / "spark", settings.port("connect")
    scratch = home / "server"
    memory = settings.spark.memory if settings.spark.memory != "auto" else f"{min(6, max(1, psutil.virtual_memory().total * 2 // 5 >> 30))}g"
    command = _server(home, JOB_CLASS, "civiclake", memory, scratch)
    env = job_env(settings) | {"SPARK_CONNECT_AUTHENTICATE_TOKEN": connect_token(settings)}
    return Component("spark", command, env, lambda: _listens(port), (port,), 120, lambda: write_job_conf(settings), scratch)


def _server(home: Path, kind: str, name: str, memory: str, scratch: Path) -> tuple[str, ...]:
    """Command of a Spark Connect server. `scratch` is not where drivers of ./lake submit write, which run on while a server starts."""
    return (
        str(spark_home() / "bin" / "spark-submit"), "--class", kind, "--name", name, "--driver-memory", memory,
        "--properties-file", str(home / "spark-defaults.conf"), "--conf", f"spark.local.dir={scratch}", "spark-internal",
    )  # fmt: skip


def job_env(settings: Settings) -> dict[str, str]:
    """Environment of a Spark driver of the job role: the secrets are here, and not in its configuration."""
    job = credentials(settings)
    return _plain_env() | {
        **task_env(settings), **_local_ip(settings), "SPARK_CONF_DIR": str(settings.state / "spark"), "JAVA_HOME": str(java_home()), "PYSPARK_PYTHON": sys.executable,
        "AWS_ACCESS_KEY_ID": job.access_key, "AWS_SECRET_ACCESS_KEY": job.secret_key, "LAKE_SECRET_MASTER_KEY": secret(settings, "master_key"),
    }  # fmt: skip


def write_job_conf(settings: Settings) -> Path:
    """The folder with the configuration of a Spark driver of the job role, written anew."""
    home = settings.state / "spark"
    _write_spark_conf(settings, home, job_conf(settings))
    return home


def task_env(settings: Settings) -> dict[str, str]:
    """What a job's Spark tasks need to know, less the secrets."""
    given = {name: os.environ[name] for name in ("LAKE_S3_ENDPOINT", "LAKE_S3_REGION", "LAKE_SINGLE_WRITER") if name in os.environ}
    return given | {
        "PYTHONPATH": str(settings.root), "LAKE_ROOT": str(settings.root), "LAKE_PROFILE": settings.profile, "LAKE_ROLE": "job", "LAKE_PORT_BASE": str(settings.port_base),
        "TZ": "UTC", "POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1",
    }  # fmt: skip


def _local_ip(settings: Settings) -> dict[str, str]:
    """The address Spark's driver gives its executors: loopback, unless they are on other machines and the operator says which address they reach."""
    given = os.environ.get("SPARK_LOCAL_IP")
    return {"SPARK_LOCAL_IP": given or "127.0.0.1"} if given or settings.profile == "embedded" else {}


def _connect_analyst(settings: Settings) -> Component:
    """The analysts' own way into Spark: another server, with their S3 user and none of the job's secrets in its environment."""
    home, port, analyst = settings.state / "spark-analyst", settings.port("connect_analyst"), credentials(settings, "analyst")
    scratch = home / "server"
    command = _server(home, CONNECT_CLASS, "civiclake-analyst", "1g", scratch)
    env = {key: value for key, value in _plain_env().items() if not key.startswith(("LAKE_SECRET_", "LAKE_S3_JOB_"))} | {
        "SPARK_CONF_DIR": str(home), "JAVA_HOME": str(java_home()), "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": "/bin/false", "TZ": "UTC",
        "AWS_ACCESS_KEY_ID": analyst.access_key, "AWS_SECRET_ACCESS_KEY": analyst.secret_key, "SPARK_CONNECT_AUTHENTICATE_TOKEN": connect_token(settings, "analyst"),
    }  # fmt: skip
    return Component("spark-analyst", command, env, lambda: _listens(port), (port,), 120, lambda: _write_spark_conf(settings, home, analyst_conf(settings)), scratch)


def job_conf(settings: Settings) -> dict[str, str]:
    """Spark's configuration of the jobs' server, which alone learns where the credentials of departments' databases are."""
    conf = spark_conf(settings)
    return conf | {name: f"{conf[name]} {credentials_of_databases(settings)}" for name in ("spark.driver.extraJavaOptions", "spark.executor.extraJavaOptions")}


def analyst_conf(settings: Settings) -> dict[str, str]:
    """Spark's configuration of the analysts' server: plans and requests pass the two guards compiled beside the LogStore."""
    conf = spark_conf(settings)
    return conf | {
        "spark.master": "local[2]", "spark.connect.grpc.binding.port": str(settings.port("connect_analyst")),
        "spark.sql.extensions": f"{conf['spark.sql.extensions']},org.civiclake.AnalystGuard", "spark.connect.grpc.interceptor.classes": "org.civiclake.AnalystDoor",
    }  # fmt: skip


def _write_spark_conf(settings: Settings, home: Path, conf: Mapping[str, str]) -> None:
    home.mkdir(parents=True, exist_ok=True)
    (home / "spark-defaults.conf").write_text("".join(f"{key} {value}\n" for key, value in conf.items()))
    url = settings.metastore or f"jdbc:derby://127.0.0.1:{settings.port('metastore')}/metastore;create=true"
    values = {
        "javax.jdo.option.ConnectionURL": url, "javax.jdo.option.ConnectionDriverName": JDBC_DRIVERS[url.split(":")[1]],
        "javax.jdo.option.ConnectionUserName": os.environ.get("LAKE_METASTORE_USER", "job"), "javax.jdo.option.ConnectionPassword": secret(settings, "metastore_job"),
        "datanucleus.schema.autoCreateAll": "true", "hive.metastore.schema.verification": "false", "datanucleus.connectionPool.maxPoolSize": "4",
    }  # fmt: skip
    rows = "".join(f"<property><name>{key}</name><value>{value.replace('&', '&amp;')}</value></property>\n" for key, value in values.items())
    with os.fdopen(os.open(home / "hive-site.xml", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write(f"<configuration>\n{rows}</configuration>\n")
    (home / "log4j2.properties").write_text(
        "rootLogger.level = warn\nrootLogger.appenderRef.stdout.ref = console\nappender.console.type = Console\nappender.console.name = console\n"
        "appender.console.target = SYSTEM_ERR\nappender.console.layout.type = PatternLayout\nappender.console.layout.pattern = %d{yy/MM/dd HH:mm:ss} %p %c{1}: %m%n%ex\n"
    )


def spark_conf(settings: Settings) -> dict[str, str]:
    """Spark's configuration, without any secret: S3 credentials and the token come from the server's environment."""
    jars, master = settings.state / "jars", settings.spark.master or "local[*]"
    told = {} if master.startswith("local") else {f"spark.executorEnv.{name}": value for name, value in task_env(settings).items()}
    return told | {
        "spark.master": master,
        "spark.executor.extraJavaOptions": "-Duser.timezone=UTC",
        "spark.driver.extraClassPath": f"{jars}/*",
        "spark.executor.extraClassPath": f"{jars}/*",
        "spark.driver.extraJavaOptions": f"{LESS_COMPILED} -Duser.timezone=UTC -Dderby.system.home={settings.state}/spark",
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": str(settings.port("connect")),
        "spark.ui.enabled": "false",
        "spark.local.dir": str(settings.state / "spark" / "local"),
        "spark.serializer": "org.apache.spark.serializer.KryoSerializer",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "4",
        "spark.sql.sources.parallelPartitionDiscovery.parallelism": "8",
        "spark.python.daemon.module": "jobs.platform.workers",
        "spark.sql.artifact.isolation.enabled": "false",
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.sql.catalogImplementation": "hive",
        "spark.sql.warehouse.dir": settings.uri("warehouse", "tables", scheme="s3a"),
        "spark.databricks.delta.snapshotPartitions": "2",
        "spark.python.sql.dataFrameDebugging.enabled": "false",  # else each column that Python makes carries the lines of code that made it
        "spark.databricks.delta.schema.autoMerge.enabled": "false",
        "spark.hadoop.civiclake.single.writer": str(settings.single_writer).lower(),
        "spark.delta.logStore.s3a.impl": "org.civiclake.ConditionalLogStore",
        "spark.delta.logStore.s3.impl": "org.civiclake.ConditionalLogStore",
        "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
        "spark.hadoop.fs.s3a.endpoint": settings.endpoint,
        "spark.hadoop.fs.s3a.endpoint.region": settings.storage.region,
        "spark.hadoop.fs.s3a.path.style.access": "true",
        "spark.hadoop.fs.s3a.connection.ssl.enabled": str(settings.endpoint.startswith("https")).lower(),
        "spark.hadoop.fs.s3a.attempts.maximum": "3",  # these two: a store that is gone is an error after some 20 s, not after minutes
        "spark.hadoop.fs.s3a.retry.limit": "4",
        "spark.hadoop.fs.s3a.aws.credentials.provider": "software.amazon.awssdk.auth.credentials.EnvironmentVariableCredentialsProvider",
        **settings.spark.conf,
    }


def credentials_of_databases(settings: Settings) -> str:
    """Java's option that says where the credentials of departments' databases are: a file `<name>.properties` each, with `user` and `password`."""
    return f"-Dciviclake.jdbc={os.environ.get('LAKE_JDBC_CREDENTIALS') or settings.state / 'jdbc'}"


def _tasks_at_once(settings: Settings) -> int:
    return 1 if settings.single_writer else 3


def airflow_env(settings: Settings) -> dict[str, str]:
    """Environment of every Airflow process; the Connect token is in the connection's URI, which no template can reach."""
    home, port = settings.state / "airflow", settings.port("airflow")
    job = credentials(settings)
    where = urlparse(settings.spark.connect or f"sc://localhost:{settings.port('connect')}")
    connection = {"conn_type": "spark_connect", "host": f"sc://{where.hostname}", "port": where.port or 15002, "password": connect_token(settings)}
    return _plain_env() | {
        "AIRFLOW_HOME": str(home), "PYTHONPATH": str(settings.root), "LAKE_ROOT": str(settings.root), "LAKE_PROFILE": settings.profile, "LAKE_ROLE": "job",
        "LAKE_PORT_BASE": str(settings.port_base), "AWS_ACCESS_KEY_ID": job.access_key, "AWS_SECRET_ACCESS_KEY": job.secret_key,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "AIRFLOW_CONN_LAKE_SPARK": os.environ.get("AIRFLOW_CONN_LAKE_SPARK") or json.dumps(connection), "GX_ANALYTICS_ENABLED": "false",
        "AIRFLOW__CORE__DAGS_FOLDER": str(settings.root / "dags"), "AIRFLOW__CORE__LOAD_EXAMPLES": "False", "AIRFLOW__CORE__PARALLELISM": str(_tasks_at_once(settings)),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/", "AIRFLOW__CORE__FERNET_KEY": secret(settings, "airflow_fernet"),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin", "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
        "AIRFLOW__API__HOST": "127.0.0.1", "AIRFLOW__API__PORT": str(port), "AIRFLOW__API__WORKERS": "1", "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
        "AIRFLOW__API_AUTH__JWT_SECRET": secret(settings, "airflow_jwt"), "AIRFLOW__API__SECRET_KEY": secret(settings, "airflow_jwt"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db", "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(settings.port("airflow_log")), "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(settings.port("triggerer_log")),
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "30", "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "60", "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.5",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False", "AIRFLOW__SCHEDULER__CATCHUP_BY_DEFAULT": "False",
    }  # fmt: skip


def _airflow(settings: Settings) -> list[Component]:
    home, port = settings.state / "airflow", settings.port("airflow")
    env, airflow = airflow_env(settings), str(Path(sys.executable).parent / "airflow")

    def prepare() -> None:
        home.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(home / "passwords.json", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            json.dump({"admin": secret(settings, "airflow_admin")}, out)
        with (settings.state / "logs" / "airflow-migrate.log").open("w") as log:
            done = subprocess.run([airflow, "db", "migrate"], env=dict(env), stdout=log, stderr=log, check=False)
        if done.returncode:
            raise LakeError("Airflow's database could not be made", f"see {settings.state}/logs/airflow-migrate.log")

    def make_pool() -> None:
        """One slot is left to deliveries: the executor takes tasks in the order in which they were queued, whatever their weight."""
        Airflow(settings).make_pool(settings.builds_pool, max(1, _tasks_at_once(settings) - 1), "what is built from silver")

    def health(part: str) -> Callable[[], bool]:
        return lambda: httpx.get(f"http://127.0.0.1:{port}/api/v2/monitor/health", timeout=5).json().get(part, {}).get("status") == "healthy"

    return [
        Component("airflow-api", (airflow, "api-server"), env, health("metadatabase"), (port,), 120, prepare),
        Component("airflow-scheduler", (airflow, "scheduler"), env, health("scheduler"), (settings.port("airflow_log"),), 90, make_pool),
        Component("airflow-dags", (airflow, "dag-processor"), env, health("dag_processor"), (), 90),
        Component("airflow-triggerer", (airflow, "triggerer"), env, health("triggerer"), (settings.port("triggerer_log"),), 90),
    ]


