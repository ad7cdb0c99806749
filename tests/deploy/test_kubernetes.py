"""Kubernetes: the API's schemas, every declared process, probes, budgets, and settings with which the shop starts."""

import math
import re
import shutil
import subprocess
from collections import defaultdict

import pytest
import yaml

from messaging.topology import topology
from tests.deploy.files import (
    DEPLOY,
    SHIPPED_EXTENSIONS,
    assert_settings_are_complete,
    declared,
    documents,
    example,
    read,
    schema,
    tool,
    violations,
)

FOLDER = "kubernetes"
#: The processes that more than one pod may run.
MANY = {"web", "relay", "worker-payments", "worker-shipping", "worker-notifications", "worker-webhooks"}

#: Sessions that PostgreSQL keeps for administrators (`superuser_reserved_connections`).
RESERVED = 3


@pytest.fixture(scope="module")
def api():
    return schema("kubernetes.json")


@pytest.fixture(scope="module")
def objects():
    """The objects of each kind by name, as their files have them, before kustomize completes them."""
    found = defaultdict(dict)
    for name in documents(f"{FOLDER}/kustomization.yaml")[0]["resources"]:
        for document in documents(f"{FOLDER}/{name}"):
            found[document["kind"]][document["metadata"]["name"]] = document
    return found


def unfit(document, api) -> list[str]:
    """What the API would refuse."""
    for name, one in api["definitions"].items():
        kind, version = (one.get("properties", {}).get(key, {}).get("enum") for key in ("kind", "apiVersion"))
        if kind == [document["kind"]] and version == [document["apiVersion"]]:
            return violations(document, schema=api | {"$ref": f"#/definitions/{name}"})
    return [f"{document['apiVersion']} {document['kind']} is not in tests/deploy/schemas/kubernetes.json"]


def container(deployment):
    (one,) = deployment["spec"]["template"]["spec"]["containers"]
    return one


def test_every_file_fits_the_api(objects, api):
    every = [document for by_name in objects.values() for document in by_name.values()]
    assert len(every) > 20
    assert {document["metadata"]["name"]: unfit(document, api) for document in every if unfit(document, api)} == {}
    web = objects["Deployment"]["web"]
    assert unfit(web | {"spec": web["spec"] | {"replica": 2}}, api) != []


def test_every_declared_process_is_a_deployment_and_no_other_is(objects, monkeypatch):
    started = {name: container(one)["args"][0] for name, one in objects["Deployment"].items()}
    assert started == {name: name for name in declared(monkeypatch)}


def test_a_process_gets_the_time_that_it_needs_to_stop(objects, monkeypatch):
    for name, process in declared(monkeypatch).items():
        seconds = objects["Deployment"][name]["spec"]["template"]["spec"].get("terminationGracePeriodSeconds", 30)
        assert seconds > process.stop_seconds, name


def test_selectors_choose_the_pods_of_their_process(objects):
    def labels(deployment):
        return deployment["spec"]["template"]["metadata"]["labels"]

    for name, one in objects["Deployment"].items():
        assert one["spec"]["selector"]["matchLabels"] == labels(one) == {"app.kubernetes.io/name": name}
    budgets = {name: one["spec"]["selector"]["matchLabels"] for name, one in objects["PodDisruptionBudget"].items()}
    assert budgets == {name: {"app.kubernetes.io/name": name} for name in MANY}
    assert objects["Service"]["web"]["spec"]["selector"] == {"app.kubernetes.io/name": "web"}


def test_the_web_has_probes(objects):
    probes = [container(objects["Deployment"]["web"])[f"{kind}Probe"] for kind in ("startup", "liveness", "readiness")]
    assert [probe["httpGet"]["path"] for probe in probes] == ["/healthz", "/healthz", "/readyz"]


def test_the_ingress_passes_on_pictures_as_nginx_does(objects):
    (most,) = re.findall(r"client_max_body_size (\w+);", read("nginx/conveyor.conf"))
    annotations = objects["Ingress"]["web"]["metadata"].get("annotations", {})
    assert annotations == {"nginx.ingress.kubernetes.io/proxy-body-size": most}


def test_every_process_but_the_web_has_the_port_of_its_metrics(objects):
    """The policy `metrics` and Prometheus know it by its name."""
    (port,) = re.findall(r"^METRICS_PORT=(\d+)$", read(f"{FOLDER}/settings.env"), re.MULTILINE)
    ports = {name: container(one).get("ports", []) for name, one in objects["Deployment"].items() if name != "web"}
    assert ports == {name: [{"name": "metrics", "containerPort": int(port)}] for name in ports}
    assert len(ports) >= 6


def test_prometheus_finds_every_pod_by_the_name_of_its_port(objects):
    """Under the names of the jobs, and with the rules, that Compose has."""
    given, compose = (documents(f"prometheus/{name}.yml")[0] for name in ("kubernetes", "prometheus"))
    assert given["rule_files"] == compose["rule_files"]
    namespace = documents(f"{FOLDER}/kustomization.yaml")[0]["namespace"]
    asked = {}
    for job, same in zip(given["scrape_configs"], compose["scrape_configs"], strict=True):
        assert (job["job_name"], job["authorization"]) == (same["job_name"], same["authorization"])
        assert job["kubernetes_sd_configs"] == [{"role": "pod", "namespaces": {"names": [namespace]}}]
        (rule,) = job["relabel_configs"]
        sources = [name.removeprefix("__meta_kubernetes_pod_") for name in rule["source_labels"]]
        assert sources == ["phase", "label_app_kubernetes_io_part_of", "container_port_name"]
        assert rule["action"] == "keep"
        asked[job["job_name"]] = rule["regex"]
    assert asked == {"conveyor": "Running;conveyor;http", "conveyor-processes": "Running;conveyor;metrics"}
    (label,) = documents(f"{FOLDER}/kustomization.yaml")[0]["labels"]
    assert (label["pairs"], label["includeTemplates"]) == ({"app.kubernetes.io/part-of": "conveyor"}, True)
    ports = {name: container(one)["ports"][0]["name"] for name, one in objects["Deployment"].items()}
    assert {name for name, port in ports.items() if port == "http"} == {"web"}
    assert set(ports.values()) == {"http", "metrics"}


def test_traces_may_leave_the_cluster(objects):
    (rule,) = objects["NetworkPolicy"]["shop"]["spec"]["egress"]
    collector = [line for line in read(f"{FOLDER}/settings.env").splitlines() if "OTEL_EXPORTER_OTLP_ENDPOINT" in line]
    (port,) = re.findall(r":(\d+)$", collector[0])
    assert {"protocol": "TCP", "port": int(port)} in rule["ports"]


def test_workers_are_scaled_by_the_forecasts_of_all_their_queues(objects, monkeypatch):
    queues = set()
    for name, process in declared(monkeypatch).items():
        if not name.startswith("worker-"):
            continue
        spec = objects["HorizontalPodAutoscaler"][name]["spec"]
        metrics = [one["external"]["metric"] for one in spec["metrics"]]
        followed = {metric["selector"]["matchLabels"]["queue"] for metric in metrics}
        assert {metric["name"] for metric in metrics} == {"conveyor_drain_seconds"}
        assert followed == set(process.command[process.command.index("-Q") + 1].split(","))
        assert spec["scaleTargetRef"]["name"] == name
        assert "replicas" not in objects["Deployment"][name]["spec"], "the autoscaler decides"
        queues |= followed
    assert queues == {*topology().queues, *SHIPPED_EXTENSIONS}


def test_the_database_has_a_session_for_everyone_at_the_limits_of_scaling(objects, monkeypatch):
    """Also while a release replaces the pods, each of which first looks whether the database is migrated."""
    sessions = 1  # of the migration
    for name, process in declared(monkeypatch).items():
        deployment = objects["Deployment"][name]["spec"]
        scaled = objects["HorizontalPodAutoscaler"].get(name)
        pods = scaled["spec"]["maxReplicas"] if scaled else deployment["replicas"]
        surge = deployment.get("strategy", {}).get("rollingUpdate", {}).get("maxSurge", math.ceil(pods / 4))
        of_one = _sessions(name, [*process.command, *container(objects["Deployment"][name])["args"]])
        sessions += pods * of_one + surge * max(of_one, 1)
    (allowed,) = re.findall(r"`max_connections = (\d+)`", (DEPLOY.parent / "docs/how-to/deploy.md").read_text())
    assert sessions + RESERVED <= int(allowed)


def _sessions(name: str, command: list[str]) -> int:
    """As docs/how-to/deploy.md says; the last of an option counts."""

    def option(wanted: str) -> int:
        return int(command[len(command) - command[::-1].index(wanted)])

    if name == "web":
        return option("--workers") * option("--blocking-threads")
    return option("--concurrency") + 2 if name.startswith("worker-") else {"relay": 2, "beat": 1}[name]


def test_the_shop_starts_with_its_settings(tmp_path):
    lines = [*read(f"{FOLDER}/settings.env").splitlines(), *read(f"{FOLDER}/secrets.env.example").splitlines()]
    variables = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    filled = {name: value or example()[name] for name, value in variables.items()}
    assert_settings_are_complete(filled | {"HOST": "0.0.0.0"}, var=tmp_path)  # noqa: S104 - as in the image


def test_kustomize_completes_every_pod(tmp_path, api):
    """Needs kubectl, which no cluster has to answer."""
    kubectl = tool("kubectl")
    shutil.copytree(DEPLOY / FOLDER, tmp_path / "all")
    (tmp_path / "all" / "secrets.env").write_text(read(f"{FOLDER}/secrets.env.example"))
    done = subprocess.run([kubectl, "kustomize", tmp_path / "all"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rendered = list(yaml.safe_load_all(done.stdout))
    assert {one["metadata"]["name"]: unfit(one, api) for one in rendered if unfit(one, api)} == {}
    pods = [one["spec"]["template"]["spec"] for one in rendered if one["kind"] in {"Deployment", "Job"}]
    assert len(pods) == len(MANY) + 2
    for pod in pods:
        assert pod["securityContext"]["runAsNonRoot"]
        assert len(pod["topologySpreadConstraints"]) == 2
        for each in (*pod["containers"], *pod.get("initContainers", [])):
            assert each["image"].startswith("registry.example/conveyor:")
            assert each["securityContext"]["readOnlyRootFilesystem"]
            assert {next(iter(source)) for source in each["envFrom"]} == {"configMapRef", "secretRef"}
    waiting = [pod["initContainers"][0]["command"][-1] for pod in pods if "initContainers" in pod]
    assert waiting == ["--check"] * (len(MANY) + 1)
