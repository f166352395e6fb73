#!/usr/bin/env bash
# Fetch the Spark jars once by Ivy, compile the project's own Java, and leave everything in .lake/jars.
#   jars.sh ROOT
set -euo pipefail
root=$1; jars=$root/.lake/jars; spark=$("$root/.venv/bin/python" -c 'import pyspark,os;print(os.path.dirname(pyspark.__file__))')
aws=2.35.4; derby=$(basename "$(ls "$spark"/jars/derby-[0-9]*.jar)" .jar); derby=${derby#derby-}
packages=io.delta:delta-spark_4.2_2.13:4.4.0,org.apache.hadoop:hadoop-aws:3.5.0,software.amazon.s3.analyticsaccelerator:analyticsaccelerator-s3:1.3.1
for module in s3 s3-transfer-manager apache-client netty-nio-client sts; do packages+=,software.amazon.awssdk:$module:$aws; done
packages+=,org.apache.derby:derbynet:$derby,org.apache.derby:derbyclient:$derby
excludes=software.amazon.awssdk:bundle,org.apache.hadoop:hadoop-client-api,org.apache.hadoop:hadoop-client-runtime,org.wildfly.openssl:wildfly-openssl
excludes+=,org.apache.parquet:parquet-hadoop,org.scala-lang:scala-library,org.slf4j:slf4j-api,org.apache.logging.log4j:log4j-api,org.apache.logging.log4j:log4j-core,org.apache.derby:derby,org.apache.derby:derbyshared
empty=$(mktemp --suffix=.py)
PYSPARK_PYTHON="$root/.venv/bin/python" SPARK_LOCAL_IP=127.0.0.1 "$spark/bin/spark-submit" --master 'local[1]' --conf spark.jars.ivy="$root/.lake/ivy" \
  --conf spark.ui.enabled=false --packages "$packages" --conf spark.jars.excludes="$excludes" "$empty" > "$root/.lake/logs/jars.log" 2>&1 \
  || { tail -20 "$root/.lake/logs/jars.log" >&2; exit 1; }
rm -f "$empty"
mkdir -p "$jars" # never emptied: a running server still reads from it
for jar in "$root"/.lake/ivy/jars/*.jar; do # a second copy of what Spark ships (Netty, Jackson, …) would break it
  artifact=$(basename "$jar" .jar); artifact=${artifact#*_}; artifact=$(sed -E 's/-[0-9].*$//' <<<"$artifact")
  compgen -G "$spark/jars/$artifact-[0-9]*.jar" >/dev/null || [[ -e $jars/$(basename "$jar") ]] || cp "$jar" "$jars/"
done
(cd "$jars" && sha256sum --quiet --check "$root/jobs/platform/jars.sha256") # the very bytes that were tested
classes=$(mktemp -d)
javac -nowarn -d "$classes" -cp "$spark/jars/*:$jars/*" "$root"/jobs/platform/logstore/*.java
mkdir -p "$classes/META-INF/services"; echo org.civiclake.NamedCredentials > "$classes/META-INF/services/org.apache.spark.sql.jdbc.JdbcConnectionProvider"
jar --create --file "$classes.jar" -C "$classes" .
mv "$classes.jar" "$jars/civiclake-logstore.jar.new"; mv "$jars/civiclake-logstore.jar.new" "$jars/civiclake-logstore.jar" # at once: a server may be running
rm -rf "$classes"
