"""The DAGs as Airflow's own parser reads them from a checkout with one broken contract."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from jobs.contracts.load import load_all, load_products
from jobs.platform.components import airflow_env
from jobs.platform.settings import Settings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
PROGRAM = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(sys.argv[1])
told = {name: {"tasks": {t.task_id: [t.owner, t.retries, t.pool] for t in dag.tasks}, "tags": sorted(dag.tags), "doc": dag.doc_md,
               "told": sorted(t.task_id for t in dag.tasks if t.on_failure_callback), "deadline": bool(dag.deadline),
               "inlets": sorted(asset.uri for asset in getattr(getattr(dag.timetable, "asset_condition", None), "objects", ())),
               "outlets": [str(o.uri) for t in dag.tasks for o in t.outlets if hasattr(o, "uri")]} for name, dag in bag.dags.items()}
print("DAGS" + json.dumps([told, bag.import_errors]))
"""


@pytest.fixture(scope="module")
def parsed(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, str]]:
    """A copy of conf, dags and suites in which one contract has a misspelt key and another is no YAML."""
    root = tmp_path_factory.mktemp("broken")
    for folder in ("conf", "dags", "expectations"):
        shutil.copytree(settings.root / folder, root / folder)
    misspelt = root / "conf/datasets/finance/spend.yaml"
    misspelt.write_text(misspelt.read_text().replace("physicalName: Vendor\n", "physicalNam: Vendor\n"))
    (root / "conf/datasets/water/station_reading.yaml").write_text("a: [1,\n")
    product = root / "conf/products/emissions.yaml"
    product.write_text(product.read_text().replace("back: 1", "bck: 1"))
    shutil.copy(settings.root / "conf/products/emissions.yaml", root / "conf/products/sound.yaml")
    sound = root / "conf/products/sound.yaml"
    sound.write_text(sound.read_text().replace("s3://curated/emissions", "s3://curated/sound").replace("name: emissions", "name: sound"))
    publications = root / "conf" / "publications"
    (publications / "unsaid.yaml").write_text((publications / "public-spending.yaml").read_text().replace("name: public-spending", "name: unsaid").replace("licence:", "license:"))
    shares = root / "conf" / "shares"
    (shares / "unlawful.yaml").write_text((shares / "support-roster-for-audit.yaml").read_text().replace("name: support-roster-for-audit", "name: unlawful").replace("legal_basis:", "legal_bases:"))
    env = airflow_env(settings) | {"AIRFLOW__CORE__DAGS_FOLDER": str(root / "dags"), "LAKE_ROOT": str(root), "LAKE_STATE": str(settings.state), "PATH": os.environ["PATH"]}
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(root / "dags")], env=env, capture_output=True, text=True, check=False, cwd=Path(root))
    assert done.returncode == 0, done.stderr
    dags, errors = json.loads(done.stdout.split("DAGS")[-1])
    return dags, errors


def test_a_broken_contract_is_its_own_broken_dag_and_leaves_the_others_alone(settings: Settings, parsed: tuple[dict[str, Any], dict[str, str]]) -> None:
    dags, errors = parsed
    tables = {contract.table for contract in load_all(settings.root)[0]}
    assert errors == {}
    assert set(dags) == tables | {p.table for p in load_products(settings.root)[0]} | {"curated__sound", "publish__public-spending", "publish__policy-participation", "publish__emissions", "publish__procurement", "publish__procurement-risk", "publish__unsaid", "share__support-roster-for-audit", "share__support-counts-for-research", "share__unlawful", "shares", "alerts", "batch", "identity__resident_key", "quality_pages"}
    for broken, says, task in (
        ("finance__spend", "physicalNam", "contract"), ("water__station_reading", "station_reading.yaml:", "contract"), ("curated__emissions", "did you mean 'back'?", "contract"),
        ("publish__unsaid", "licence: Field required", "publication"),
    ):  # fmt: skip
        assert dags[broken]["tags"] == ["broken"]
        assert says in dags[broken]["doc"]
        assert list(dags[broken]["tasks"]) == [task]


def test_a_publication_goes_out_when_its_product_has_changed(parsed: tuple[dict[str, Any], dict[str, str]]) -> None:
    dag = parsed[0]["publish__public-spending"]
    assert (list(dag["tasks"]), dag["inlets"]) == (["publish"], ["lake://curated/public_spending"])


def test_no_delivery_waits_behind_what_is_built_from_silver(parsed: tuple[dict[str, Any], dict[str, str]]) -> None:
    pools = {(name, task): said[2] for name, dag in parsed[0].items() if "broken" not in dag["tags"] for task, said in dag["tasks"].items()}
    built = {(name, task) for name, task in pools if task in ("curate", "resolve", "publish", "share", "pages")}
    assert {pools[each] for each in built} == {"builds"}
    assert {pool for each, pool in pools.items() if each not in built} == {"default_pool"}


def test_a_dag_has_its_steps_owner_docs_and_asset(parsed: tuple[dict[str, Any], dict[str, str]]) -> None:
    dag = parsed[0]["education__enrolment"]
    assert {name: task[:2] for name, task in dag["tasks"].items()} == {step: ["Education bureau", 2] for step in ("register", "land", "check", "conform")}
    assert "随迁" in dag["doc"] or "migrant_pupils" in dag["doc"]
    assert dag["outlets"] == ["lake://silver/education__enrolment", "lake://ops/deliveries"]


def test_a_product_runs_when_anything_it_is_made_from_has_changed(parsed: tuple[dict[str, Any], dict[str, str]]) -> None:
    dag = parsed[0]["curated__sound"]
    assert {name: task[:2] for name, task in dag["tasks"].items()} == {"curate": ["Environment bureau", 2]}
    assert (dag["inlets"], dag["outlets"]) == (["lake://silver/environment__emission", "lake://silver/environment__emission_source"], ["lake://curated/sound"])
    assert "| amount_t | decimal | Amount of the substance emitted in the year (t/year) |" in dag["doc"]


def test_a_share_goes_out_when_its_table_has_changed(parsed: tuple[dict[str, Any], dict[str, str]]) -> None:
    dag = parsed[0]["share__support-roster-for-audit"]
    assert (list(dag["tasks"]), dag["inlets"]) == (["share"], ["lake://silver/civil_affairs__low_income_roster"])
    assert list(parsed[0]["shares"]["tasks"]) == ["settle"]
    assert "legal_basis: Field required" in parsed[0]["share__unlawful"]["doc"]


def test_the_batch_dag_shares_tasks(parsed: tuple[dict[str, Any], dict[str, str]]) -> None:
    assert set(parsed[0]["batch"]["tasks"]) == {"plan", "group.register", "group.land", "group.check", "group.conform", "announce", "summary"}
    assert (parsed[0]["batch"]["outlets"], parsed[0]["quality_pages"]["inlets"]) == (["lake://ops/deliveries"], ["lake://ops/deliveries"])  # one look at the end, not one a dataset


def test_airflow_tells_of_failed_tasks_and_late_runs(parsed: tuple[dict[str, Any], dict[str, str]]) -> None:
    for name, dag in ((name, dag) for name, dag in parsed[0].items() if name != "quality_pages"):
        told, late = dag["tags"] != ["broken"], dag["tags"] not in (["broken"], ["alerts"])
        assert (dag["told"], dag["deadline"]) == (sorted(dag["tasks"]) if told else [], late), name
