"""Records that tell a name and nothing else: whose they may be.

Two records of one name are seldom of one person, so entity resolution links such a record to nobody (jobs/identity/model.py). Among people who are all known it is
another matter: where one of them alone has a name that sounds so, the record is of that one, or of a stranger. By sound, as a name is often written as it is heard: who alone bears the
characters and not the sound is the wrong one in one of six cases. Links by unique sounds of names are those of Abramitzky, Boustan & Eriksson (2012), "Europe's Tired, Poor, Huddled Masses",
American Economic Review 102(5); they hold for registers of the city's own people only.
"""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.identity.few import few
from jobs.identity.keys import RECORD
from jobs.products.keyed import LINKS

ONLY, SEVERAL = "name alone", "name alone, of several"  # what links a record to a person, where no id does
MOST = 20  # bearers of a name that still says something; a common one would be multiplied with all who bear it
MAY_BE = "sex IS NULL OR of_sex IS NULL OR sex = of_sex"


def with_only_bearers(inputs: Mapping[str, DataFrame], named: DataFrame) -> DataFrame:
    """`named`: as `bearers` tells. The current rows of `identity.resident_key` and `linked_by`: where it is ONLY, resident_key is that of the only person known by an id or a birthday whose name sounds as the
    record's (and who is of its sex, where it says one), not of whom the record was resolved to, which is nobody else."""
    only = named.where("bearers = 1").where(MAY_BE).select(*RECORD, F.col("bearer").alias("only"))
    found = inputs[LINKS].where("valid_to IS NULL").join(few(only.localCheckpoint()), list(RECORD), "left")
    return found.withColumn("resident_key", F.coalesce("only", "resident_key")).withColumn("linked_by", F.when(F.col("only").isNotNull(), ONLY)).drop("only")


def several_bearers(named: DataFrame) -> DataFrame:
    """Rows as those of `with_only_bearers`, of records whose name several known people bear, MOST at most: one a record and each of them, `linked_by` SEVERAL. One of them is right, or none."""
    return named.where("bearers > 1").where(MAY_BE).select(*RECORD, F.col("bearer").alias("resident_key"), F.lit(None).cast("timestamp").alias("valid_to"), F.lit(SEVERAL).alias("linked_by"))


def bearers(inputs: Mapping[str, DataFrame]) -> DataFrame:
    """RECORD, sex, bearer, of_sex, bearers: of each current record of which nothing but a name is known, everybody who is known and whose name sounds so, and how many these are: MOST at most."""
    links = inputs[LINKS].where("valid_to IS NULL").select(*RECORD, "resident_key")
    said = inputs["identity.profile"].select("profile_id", "sound", "sex", F.coalesce("id", "born").isNotNull().alias("is_told"))
    records = links.join(inputs["identity.record"].select(*RECORD, "profile_id"), list(RECORD), "inner").join(said, "profile_id", "inner")
    people = records.groupBy("resident_key").agg(F.max("is_told").alias("is_known"), F.max("sex").alias("of_sex"), F.collect_set("sound").alias("sounds"))
    known = people.where("is_known").select(F.col("resident_key").alias("bearer"), "of_sex", F.explode("sounds").alias("sound"))
    alike = known.groupBy("sound").agg(F.count(F.lit(1)).alias("bearers")).where(F.col("bearers") <= MOST)
    unknown = records.join(people.where("NOT is_known").select("resident_key"), "resident_key", "left_semi").select(*RECORD, "sound", "sex")
    return unknown.join(known, "sound", "inner").join(alike, "sound", "inner")
