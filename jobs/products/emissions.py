"""curated.emissions: what each facility emitted of each pollutant, year on year, beside what the register of facilities says of the pollutant's group."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

# The register adds up eight groups a facility. NO2 is told apart in the detail and is part of the register's nitrogen oxides: without it 0.337 t (2019) and 0.816 t
# (2020) would be missing.
GROUPS = {
    "oxidy dusíku": "nox", "oxid dusičitý": "nox", "oxid siřičitý": "so2", "oxid uhelnatý": "co", "oxid uhličitý": "co2", "tuhé znečišťující látky": "dust",
    "těkavé organické látky (VOC)": "voc", "amoniak": "ammonia",
}  # fmt: skip
OTHER = "other"
EXACT = "decimal(30,18)"  # grams of dioxins beside millions of tonnes, and sums that do not hang on the order of rows
NEARLY_EXACT, TO_THE_MILLIGRAM = "decimal(30,12)", "decimal(24,9)"  # the register's sums were made in binary floating point: they are off by up to 2e-13 t
FACILITY = ("source_id", "reporting_year")


def build(inputs: Mapping[str, DataFrame]) -> DataFrame:
    """One row a facility, substance and reporting year. `environment.emission` has the amounts (t/year), `environment.emission_source` the facilities."""
    amounts = inputs["environment.emission"].select(*FACILITY, "substance", pollutant(F.col("substance")).alias("pollutant"), F.col("amount_t").cast(EXACT).alias("amount_t"))
    return _with_change(amounts).join(_sums(amounts), [*FACILITY, "pollutant"], "inner").join(_facilities(inputs["environment.emission_source"]), [*FACILITY, "pollutant"], "left")


def pollutant(substance: Column) -> Column:
    """The group of the register that a substance counts to."""
    known = F.create_map(*[F.lit(text) for pair in GROUPS.items() for text in pair])
    return F.coalesce(known[substance], F.lit(OTHER))


def _with_change(amounts: DataFrame) -> DataFrame:
    """Beside the same facility's and substance's amount of the year before; null where it reported none then."""
    before = amounts.select("source_id", "substance", (F.col("reporting_year") + 1).alias("reporting_year"), F.col("amount_t").alias("previous_amount_t"))
    return amounts.join(before, ["source_id", "substance", "reporting_year"], "left").withColumn("change_t", F.col("amount_t") - F.col("previous_amount_t"))


def _sums(amounts: DataFrame) -> DataFrame:
    return amounts.groupBy(*FACILITY, "pollutant").agg(F.sum("amount_t").cast(NEARLY_EXACT).cast(TO_THE_MILLIGRAM).alias("pollutant_detail_t"))


def _facilities(sources: DataFrame) -> DataFrame:
    """One row a facility, year and group, with what the register says it emitted."""
    groups = [*dict.fromkeys(GROUPS.values()), OTHER]
    said = F.explode(F.array(*[F.struct(F.lit(group).alias("pollutant"), F.col(f"{group}_t").cast(NEARLY_EXACT).cast(TO_THE_MILLIGRAM).alias("pollutant_register_t")) for group in groups]))
    facility = F.col("name").alias("facility"), "nace", "nuts3", "municipality", F.col("lat").alias("latitude_deg"), F.col("lon").alias("longitude_deg"), "input_mw"
    return sources.select(*FACILITY, *facility, said.alias("said")).select("*", "said.*").drop("said")
