"""curated.household: who forms a household with whom and since when, by registration and marriage, with the dwellings it owns and the meters at its home."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.products.keyed import keyed

REGISTER, PROPERTY, MARRIAGE, METER = "public_security.household_register", "housing.property", "civil_affairs.marriage", "power.meter"
MEMBER = ("household", "resident")
# An address ends in building, sometimes the unit, and room; before it stands the estate, and before that what it lies in (as jobs/identity/addresses.py reads them).
HOME = r"^(?:(.*?\D)?)(\d+)(?:号楼|栋|幢|座|-)(?:\d+(?:单元|-))?(\d+)(?:室|房|号)?$"
PLACE = r"^.*(?:省|市|区|县|街道|镇|乡|社区|村|路|街|道|巷|弄|\d+号)(?=.)"  # an estate's own name may end so: 丰源新村
OPEN = "9999"  # after every period
OWNED_PERCENT = 50  # less of a dwelling is a share in an inheritance


def build(inputs: Mapping[str, DataFrame]) -> DataFrame:
    """One row a household, member and time (household and resident are keys: the pseudonyms are made after). Times are of the periods of the register: first days of months."""
    registered = _registered(inputs)
    rows = registered.unionByName(_couples(inputs, registered), True).join(_metered(inputs), ["community_code", "home"], "left")
    owned = _owned(inputs)
    titles = rows.where("valid_to IS NULL").join(owned, "resident", "inner").groupBy("household").agg(
        F.count_distinct("title_number").alias("dwellings"), F.bool_or((F.col("dwelling") == F.col("home")) & F.col("home").isNotNull()).alias("owns_home")
    )  # fmt: skip
    sizes = rows.where("valid_to IS NULL").groupBy("household").agg(F.count_distinct("resident").alias("members"))
    return rows.join(sizes, "household", "left").join(titles, "household", "left").fillna(0, ["dwellings", "members", "meters"]).fillna(False, ["owns_home"])


def _month(period: Column) -> Column:
    """First day of a period YYYY-MM; null stays null."""
    return F.to_date(F.concat(period, F.lit("-01")))


def _registered(inputs: Mapping[str, DataFrame]) -> DataFrame:
    """Members by registration. Versions of a register row that differ in something else are one stay; who leaves and comes back has two."""
    here = keyed(inputs, REGISTER, "resident_id").withColumn("household", F.concat(F.lit("register/"), "household_number")).withColumn("latest", F.struct("_valid_from", "relation", "community_code", "address"))
    line = Window.partitionBy("household", "resident_key").orderBy("_valid_from", F.col("_valid_to").asc_nulls_last())
    until = F.max(F.coalesce("_valid_to", F.lit(OPEN))).over(line.rowsBetween(Window.unboundedPreceding, -1))
    stays = here.withColumn("_comes", (F.col("_valid_from") > F.coalesce(until, F.lit(""))).cast("int")).withColumn("_stay", F.sum("_comes").over(line))
    by = stays.groupBy("household", F.col("resident_key").alias("resident"), "_stay").agg(
        F.min("_valid_from").alias("first"), F.max("_valid_to").alias("last"), F.bool_or(F.col("_valid_to").isNull()).alias("still"), F.max("latest").alias("latest")
    )  # fmt: skip
    return by.select(
        *MEMBER, F.lit("registration").alias("known_by"), _month(F.col("first")).alias("valid_from"), F.when(~F.col("still"), _month(F.col("last"))).alias("valid_to"), "latest.relation", "latest.community_code",
        dwelling(F.col("latest.address")).alias("home"),
    )  # fmt: skip


def _couples(inputs: Mapping[str, DataFrame], registered: DataFrame) -> DataFrame:
    """Couples of whom neither is registered in a household here: two members from the day they married. Who married twice is in the later couple, since then."""
    wed = [keyed(inputs, MARRIAGE, "certificate", role).select("certificate", "married_on", F.col("resident_key").alias("resident"), F.lit(word).alias("relation")) for role, word in (("husband", "丈夫"), ("wife", "妻子"))]
    both = wed[0].unionByName(wed[1])
    known = both.join(registered.select("resident").distinct(), "resident", "left_semi").select("certificate").distinct()
    later = Window.partitionBy("resident").orderBy("married_on", "certificate")
    free = both.join(known, "certificate", "left_anti").withColumn("valid_to", F.lead("married_on").over(later))
    return free.select(F.concat(F.lit("marriage/"), "certificate").alias("household"), "resident", F.lit("marriage").alias("known_by"), F.col("married_on").alias("valid_from"), "valid_to", "relation")


def _owned(inputs: Mapping[str, DataFrame]) -> DataFrame:
    titles = keyed(inputs, PROPERTY, "title_number").where("_is_current AND use = '住宅'").where(F.coalesce("share", F.lit(100)) >= OWNED_PERCENT)
    return titles.select(F.col("resident_key").alias("resident"), "title_number", dwelling(F.col("address")).alias("dwelling"))


def _metered(inputs: Mapping[str, DataFrame]) -> DataFrame:
    """community_code, home → meters there. The community tells apart what estates of one name would not; units of a building are not told apart, as not everybody writes them."""
    meters = inputs[METER].where("_is_current").select("community_code", dwelling(F.col("address")).alias("home")).where("home IS NOT NULL")
    return meters.groupBy("community_code", "home").agg(F.count(F.lit(1)).alias("meters"))


def dwelling(address: Column) -> Column:
    """estate/building/room of an address, however it is written; null where it does not end in a building and a room."""
    plain = F.regexp_replace(address, r"\s+", "")
    before, building, room = (F.regexp_extract(plain, HOME, group) for group in (1, 2, 3))
    estate = F.regexp_replace(before, PLACE, "")
    return F.when((building != "") & (estate != ""), F.concat_ws("/", estate, building, room))
