package org.civiclake;

import java.util.Set;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.SparkSessionExtensions;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.plans.QueryPlan;
import org.apache.spark.sql.catalyst.plans.logical.Command;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.delta.DeltaLogFileIndex;
import org.apache.spark.sql.execution.LogicalRDD;
import org.apache.spark.sql.execution.command.SetCommand;
import org.apache.spark.sql.execution.datasources.HadoopFsRelation;
import org.apache.spark.sql.execution.datasources.LogicalRelation;
import scala.Function1;
import scala.jdk.javaapi.CollectionConverters;
import scala.runtime.AbstractFunction1;
import scala.runtime.BoxedUnit;

/**
 * Lets analysed plans pass that read tables of the catalog and refuses everything else: reading by path, writing, changing the
 * catalog, and code brought along. What may be read is decided by the S3 user of the server; this keeps the server's own files
 * and the shared catalog out of reach. Whatever is not known here is refused.
 */
public class AnalystGuard extends AbstractFunction1<SparkSessionExtensions, BoxedUnit> {
  private static final Set<String> LEAVES =
      Set.of("LocalRelation", "OneRowRelation", "Range", "CTERelationRef", "CommandResult", "LogicalRDD", "EmptyRelation", "ResolvedNamespace",
          "ResolvedTable", "ResolvedPersistentView", "ResolvedTempView", "ResolvedPersistentFunc", "ResolvedNonPersistentFunc");
  private static final Set<String> CODE =
      Set.of("CallMethodViaReflection", "TryReflect", "ScalaUDF", "PythonUDF", "PythonUDTF",
          "PythonUDAF", "HiveSimpleUDF", "HiveGenericUDF", "HiveUDAFFunction", "HiveGenericUDTF", "ScalaAggregator", "ScalaUDAF");

  @Override
  public BoxedUnit apply(SparkSessionExtensions extensions) {
    extensions.injectCheckRule(
        new AbstractFunction1<SparkSession, Function1<LogicalPlan, BoxedUnit>>() {
          @Override
          public Function1<LogicalPlan, BoxedUnit> apply(SparkSession session) {
            return new AbstractFunction1<LogicalPlan, BoxedUnit>() {
              @Override
              public BoxedUnit apply(LogicalPlan plan) {
                check(plan, isDeltaLog(plan));
                return BoxedUnit.UNIT;
              }
            };
          }
        });
    return BoxedUnit.UNIT;
  }

  private static void check(QueryPlan<?> plan, boolean deltaLog) {
    if (plan instanceof Command) {
      checkCommand(plan);
    } else if (plan instanceof LogicalRelation relation) {
      if (relation.catalogTable().isEmpty() && !isDeltaLog(plan)) {
        throw refused("reading by path; name a table of the catalog");
      }
    } else if (plan.children().isEmpty() && !LEAVES.contains(plan.getClass().getSimpleName())) {
      throw refused("reading from " + plan.getClass().getSimpleName());
    } else if (plan.getClass().getName().startsWith("org.apache.spark.sql.execution.streaming") || !deltaLog && bringsCode(plan)) {
      throw refused(plan.getClass().getSimpleName());
    }
    for (Object part : CollectionConverters.asJava(plan.expressions())) {
      checkExpression((Expression) part, deltaLog);
    }
    for (Object part : CollectionConverters.asJava(plan.children())) {
      check((QueryPlan<?>) part, deltaLog);
    }
    for (Object part : CollectionConverters.asJava(plan.subqueries())) {
      check((QueryPlan<?>) part, deltaLog);
    }
  }

  /**
   * Delta reads its own log and the snapshot it cached by plans of this session, with functions of its own. No analyst can write
   * such a plan: the door refuses checkpoints and classes, and SQL has no word for either leaf.
   */
  private static boolean isDeltaLog(QueryPlan<?> plan) {
    if (plan instanceof LogicalRelation relation) {
      return relation.relation() instanceof HadoopFsRelation files && files.location() instanceof DeltaLogFileIndex;
    }
    if (plan instanceof LogicalRDD) {
      return true;
    }
    for (Object child : CollectionConverters.asJava(plan.children())) {
      if (isDeltaLog((QueryPlan<?>) child)) {
        return true;
      }
    }
    return false;
  }

  private static boolean bringsCode(QueryPlan<?> plan) {
    String name = plan.getClass().getSimpleName();
    return name.startsWith("Map") || name.startsWith("FlatMap") || name.startsWith("CoGroup") || name.startsWith("TypedFilter")
        || name.contains("Python") || name.contains("ScriptTransformation");
  }

  private static void checkCommand(QueryPlan<?> plan) {
    String name = plan.getClass().getSimpleName();
    if (plan instanceof SetCommand set) {
      if (set.kv().isDefined() && set.kv().get()._2().isDefined() && !AnalystDoor.maySet(set.kv().get()._1())) {
        throw refused("SET " + set.kv().get()._1());
      }
    } else if (!(name.startsWith("Show") || name.startsWith("Describe") || name.startsWith("Explain")
        || name.equals("SetCatalogAndNamespace") || name.equals("SetNamespaceCommand"))) {
      throw refused(name);
    }
  }

  private static void checkExpression(Expression expression, boolean deltaLog) {
    String name = expression.getClass().getSimpleName();
    if (CODE.contains(name) && !(deltaLog && name.equals("ScalaUDF"))) {
      throw refused("function " + expression.prettyName());
    }
    for (Expression child : CollectionConverters.asJava(expression.children())) {
      checkExpression(child, deltaLog);
    }
  }

  private static SecurityException refused(String what) {
    return new SecurityException("the role analyst may only read tables of the catalog: refused " + what);
  }
}
