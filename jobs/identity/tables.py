"""The tables of entity resolution in silver: what is known of records, profiles, pairs and keys. Only the role `job` reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from deltalake import DeltaTable, Field, Schema
from deltalake.schema import PrimitiveType
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.identity.model import COLUMNS
from jobs.platform.delta_tables import lay, name_table
from jobs.platform.settings import Settings
from jobs.platform.store import delta_options, emptied
from jobs.tables import files
from jobs.tables.sizes import read_rows

# table → column → (type, meaning)
TABLES: dict[str, dict[str, tuple[str, str]]] = {
    "resident_key": {
        "source_dataset": ("string", "Register, <department>.<dataset>"), "source_record": ("string", "Primary key of the row in its silver table, parts joined by |, /role where it holds several people"),
        "resident_key": ("string", "Random key of the person, 32 hexadecimal digits, never made from anything about them"),
        "valid_from": ("timestamp", "When the record was given this key"), "valid_to": ("timestamp", "When it got another, or was withdrawn; empty while current"),
    },
    "record": {
        "source_dataset": ("string", "Register"), "source_record": ("string", "Primary key of its row"), "said": ("long", "Hash of what it says"),
        "profile_id": ("string", "Profile that says the same"), "record_ref": ("string", "Keyed hash of the record, by which people name it"),
    },
    "profile": dict.fromkeys(COLUMNS, ("string", "See jobs/identity/persons.py")),
    "link": {
        "profile_l": ("string", "Profile"), "profile_r": ("string", "Another"), "match_weight": ("double", "Weight of the pair (bits)"), "evidence": ("string", "JSON: comparison → level, weight"),
    },
    "model": {"model": ("string", "splink's settings with the weights"), "definition": ("string", "Fingerprint of what is compared"), "trained_at": ("timestamp", "When"), "profiles": ("long", "Learnt from so many")},
    "frequency": {"column": ("string", "Column"), "value": ("string", "Value"), "frequency": ("double", "Share of the profiles that have it, when the model was trained")},
}  # fmt: skip


CHANGED_BY_ROW = ("resident_key", "record", "profile", "link")
MOST_FILES = 60  # each run leaves a few; of more they are made one again


def create_silver(spark: SparkSession, settings: Settings, table: str, columns: Mapping[str, tuple[str, str]]) -> None:
    """An empty `silver.<table>` where there is none: by one commit of delta-rs, then its name, as other silver tables. `columns`: name → (type, meaning)."""
    lay(settings, "silver", table, _schema(columns))
    name_table(spark, settings, f"silver.{table}")


def _schema(columns: Mapping[str, tuple[str, str]]) -> Schema:
    return Schema([Field(name, PrimitiveType(kind), metadata={"comment": meaning}) for name, (kind, meaning) in columns.items()])


@dataclass(frozen=True)
class IdentityTables:
    """`prefix`: of the tables' names in silver; tests and benchmarks have their own."""

    spark: SparkSession
    settings: Settings
    prefix: str = "identity"

    def name(self, table: str) -> str:
        """What Spark calls it."""
        return f"silver.{self.prefix}__{table}"

    def create(self) -> None:
        named = {row["tableName"] for row in self.spark.sql(f"SHOW TABLES IN silver LIKE '{self.prefix}__*'").collect()}
        for table, said in TABLES.items():
            if f"{self.prefix}__{table}" not in named:
                create_silver(self.spark, self.settings, f"{self.prefix}__{table}", said)

    def version(self, table: str) -> int:
        return self._delta(table).version()

    def _delta(self, table: str) -> DeltaTable:
        return DeltaTable(self.settings.uri("silver", f"{self.prefix}__{table}"), storage_options=delta_options(self.settings))

    def read(self, table: str) -> DataFrame:
        """As it is now, whatever is written to it later."""
        return self.spark.sql(f"SELECT * FROM {self.name(table)} VERSION AS OF {self.version(table)}")

    def is_empty(self, table: str) -> bool:
        return self._files(table) == 0

    def rows_at_most(self, table: str) -> int:
        """As its list of files tells, rows that are marked as gone too."""
        return read_rows(self.settings, [self.name(table)])

    def _files(self, table: str) -> int:
        return self._delta(table).get_add_actions().num_rows

    def compact(self) -> None:
        """Tables of many small files get few large ones; what they say stays as it is."""
        for table in CHANGED_BY_ROW:
            if self._files(table) > MOST_FILES:
                self.spark.sql(f"OPTIMIZE {self.name(table)}")

    def replace(self, table: str, rows: DataFrame) -> None:
        """All rows, in one commit."""
        shaped = rows.select(*[F.col(name).cast(kind).alias(name) for name, (kind, _) in TABLES[table].items()])
        files.replace(shaped, self.settings, "silver", f"{self.prefix}__{table}", _schema(TABLES[table]))

    def merge(self, table: str, rows: DataFrame, key: Sequence[str], update: bool = True) -> None:
        """Rows in, or in the place of those with the same key; `update`: no, where what is there says the same."""
        if self.is_empty(table):
            self.replace(table, rows)
            return
        view = f"{self.prefix}_{table}_merged"
        rows.select(*TABLES[table]).createOrReplaceTempView(view)
        condition = " AND ".join(f"t.{name} = s.{name}" for name in key)
        self.spark.sql(f"MERGE INTO {self.name(table)} t USING {view} s ON {condition} {'WHEN MATCHED THEN UPDATE SET * ' if update else ''}WHEN NOT MATCHED THEN INSERT *")

    def append(self, table: str, rows: DataFrame) -> None:
        """Rows that are not in it."""
        if self.is_empty(table):
            self.replace(table, rows)
        elif not rows.isEmpty():
            rows.select(*TABLES[table]).writeTo(self.name(table)).append()

    def delete(self, table: str, keys: DataFrame, condition: str) -> None:
        """The rows t for which a row s of `keys` meets the condition."""
        view = f"{self.prefix}_{table}_deleted"
        keys.createOrReplaceTempView(view)
        self.spark.sql(f"MERGE INTO {self.name(table)} t USING {view} s ON {condition} WHEN MATCHED THEN DELETE")

    def kept(self, what: str, rows: DataFrame, many: bool) -> DataFrame:
        """Written down, so that what is read twice is the same twice: in Spark's memory, or where they are `many` as files in silver, as they hold names and ids; `unstage` takes them away."""
        return files.staged(rows, self.settings, f"{self.prefix}__{what}", "silver") if many else rows.localCheckpoint()

    def unstage(self) -> None:
        emptied(self.settings, "silver", f"_staged/{self.prefix}__")

    def empty(self, table: str) -> None:
        self._delta(table).delete()

    def drop(self) -> None:
        """Tables, files and what was staged; for tests and benchmarks."""
        for table in TABLES:
            self.spark.sql(f"DROP TABLE IF EXISTS {self.name(table)}")
        emptied(self.settings, "silver", f"{self.prefix}__")
        self.unstage()
