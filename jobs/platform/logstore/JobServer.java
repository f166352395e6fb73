package org.civiclake;

import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.connect.service.SparkConnectService$;

/**
 * Spark Connect for the lake's own jobs. Spark's SparkConnectServer always separates what sessions may upload, and for that gives every
 * session Python workers of its own: each Airflow task would import the jobs anew (2 s of processor time) and leave its workers behind.
 * Our jobs upload nothing, so the workers are shared (spark.sql.artifact.isolation.enabled=false, which this server leaves as configured).
 */
public final class JobServer {
  public static void main(String[] arguments) throws InterruptedException {
    SparkSession session = SparkSession.builder().getOrCreate();
    SparkConnectService$.MODULE$.start(session.sparkContext());
    SparkConnectService$.MODULE$.server().awaitTermination();
  }
}
