"""splink on a Spark Connect session."""

from __future__ import annotations

from pyspark.sql import DataFrame, SparkSession
from splink import SparkAPI
from splink.internals.pipeline import CTEPipeline
from splink.internals.splink_dataframe import SplinkDataFrame

# Steps of a pipeline that are worked out before the next: a weight is chosen by a level, the sum of weights by both, and Spark would write the conditions
# of all levels out in each place where they are used: minutes of planning for seconds of work.
CUT = ("__splink__df_comparison_vectors", "__splink__df_match_weight_parts")


class ConnectAPI(SparkAPI):
    """Each table splink makes is kept as it is, and its plan forgotten: of splink's own ways to do so some want a classic session, the others leave tables
    behind or plans that grow with each step."""

    def sql_pipeline_to_splink_dataframe(self, pipeline: CTEPipeline) -> SplinkDataFrame:
        """As splink does, but for the steps of CUT, which are worked out one by one."""
        *before, last = pipeline.ctes_pipeline()
        if not any(step.output_table_name in CUT for step in before):
            return super().sql_pipeline_to_splink_dataframe(pipeline)
        pipeline.spent = True
        for step in before:
            rows = self.spark.sql(self._setup_for_execute_sql(step.sql, step.output_table_name))
            if step.output_table_name in CUT:
                rows = rows.localCheckpoint()
            rows.createOrReplaceTempView(step.output_table_name)
        return self._execute_sql(last.sql, last.output_table_name)

    def _break_lineage_and_repartition(self, spark_df: DataFrame, templated_name: str, physical_name: str) -> DataFrame:
        return spark_df.localCheckpoint()


def spark_api(spark: SparkSession) -> ConnectAPI:
    return ConnectAPI(spark_session=spark, break_lineage_method="persist", register_udfs_automatically=False)  # type: ignore[no-untyped-call]
