package org.civiclake;

import java.util.Set;
import org.apache.spark.connect.proto.Command.CommandTypeCase;
import org.apache.spark.connect.proto.ConfigRequest;
import org.apache.spark.connect.proto.ExecutePlanRequest;
import org.apache.spark.connect.proto.KeyValue;
import org.sparkproject.connect.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import org.sparkproject.connect.grpc.Metadata;
import org.sparkproject.connect.grpc.ServerCall;
import org.sparkproject.connect.grpc.ServerCallHandler;
import org.sparkproject.connect.grpc.ServerInterceptor;
import org.sparkproject.connect.grpc.Status;

/**
 * What an analyst may ask of the Connect server besides plans, which {@link AnalystGuard} judges: no files or classes sent along, no
 * registered functions or data sources, no machine learning or pipelines (both write by path), and only harmless settings.
 */
public class AnalystDoor implements ServerInterceptor {
  private static final Set<CommandTypeCase> COMMANDS =
      Set.of(CommandTypeCase.SQL_COMMAND, CommandTypeCase.GET_RESOURCES_COMMAND, CommandTypeCase.REMOVE_CACHED_REMOTE_RELATION_COMMAND);
  private static final Set<String> SETTINGS =
      Set.of("spark.sql.session.timeZone", "spark.sql.shuffle.partitions", "spark.sql.ansi.enabled", "spark.sql.session.localRelationCacheThreshold");

  static boolean maySet(String key) {
    return SETTINGS.contains(key) || key.startsWith("spark.sql.execution.arrow.") || key.startsWith("spark.sql.repl.eagerEval.");
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    if ("AddArtifacts".equals(call.getMethodDescriptor().getBareMethodName())) {
      call.close(Status.PERMISSION_DENIED.withDescription("the role analyst may not send files or code"), new Metadata());
      return new ServerCall.Listener<>() {};
    }
    return new SimpleForwardingServerCallListener<>(next.startCall(call, headers)) {
      private boolean closed;

      @Override
      public void onMessage(Q message) {
        String refused = refusal(message);
        if (refused == null) {
          super.onMessage(message);
        } else {
          closed = true;
          call.close(Status.PERMISSION_DENIED.withDescription("the role analyst may not " + refused), new Metadata());
        }
      }

      @Override
      public void onHalfClose() {
        if (!closed) {
          super.onHalfClose();
        }
      }
    };
  }

  private static String refusal(Object message) {
    if (message instanceof ExecutePlanRequest request && request.getPlan().hasCommand()) {
      CommandTypeCase command = request.getPlan().getCommand().getCommandTypeCase();
      return COMMANDS.contains(command) ? null : "run " + command;
    }
    if (message instanceof ConfigRequest request && request.getOperation().hasSet()) {
      for (KeyValue pair : request.getOperation().getSet().getPairsList()) {
        if (!maySet(pair.getKey())) {
          return "set " + pair.getKey();
        }
      }
    }
    return null;
  }
}
