package org.civiclake;

import io.delta.storage.S3SingleDriverLogStore;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.util.Collections;
import java.util.Iterator;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FSDataOutputStreamBuilder;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.s3a.RemoteFileChangedException;

/**
 * Commits a Delta log entry by a conditional PUT (If-None-Match), so that several drivers may write one table.
 * The default store for S3 only guards against writers of its own process and loses commits between two.
 * Before the first commit to a bucket it sees for itself that the store holds the condition: one that does not is refused,
 * unless the configuration says that this is the only writer.
 */
public class ConditionalLogStore extends S3SingleDriverLogStore {
  private static final String TOKEN = "civiclake-commit";
  private static final String SINGLE_WRITER = "civiclake.single.writer";
  private static final Set<String> PROVEN = ConcurrentHashMap.newKeySet();

  public ConditionalLogStore(Configuration hadoopConf) {
    super(hadoopConf);
  }

  @Override
  public void write(Path path, Iterator<String> actions, Boolean overwrite, Configuration hadoopConf) throws IOException {
    if (overwrite) {
      super.write(path, actions, true, hadoopConf);
      return;
    }
    FileSystem fs = path.getFileSystem(hadoopConf);
    Path target = fs.makeQualified(path);
    if (!hadoopConf.getBoolean(SINGLE_WRITER, false)) {
      requireCondition(fs);
    }
    commit(fs, target, actions, UUID.randomUUID().toString());
  }

  private static void commit(FileSystem fs, Path target, Iterator<String> actions, String token) throws IOException {
    try {
      put(fs, target, actions, token);
    } catch (IOException problem) {
      judge(fs, target, token, problem);
    }
  }

  private static void requireCondition(FileSystem fs) throws IOException {
    String bucket = fs.getUri().toString();
    if (PROVEN.contains(bucket)) {
      return;
    }
    Path probe = new Path(fs.getUri() + "/_probe-" + UUID.randomUUID());
    commit(fs, probe, Collections.emptyIterator(), "first");
    try {
      put(fs, probe, Collections.emptyIterator(), "second");
      throw new IOException("the store of " + bucket + " has no conditional PUT (If-None-Match): it would lose commits of several writers. "
          + "Use a store that has it, or say single_writer: true in conf/lake.yaml");
    } catch (RemoteFileChangedException refused) {
      PROVEN.add(bucket);
    } finally {
      fs.delete(probe, false);
    }
  }

  private static void put(FileSystem fs, Path target, Iterator<String> actions, String token) throws IOException {
    FSDataOutputStreamBuilder<?, ?> builder = fs.createFile(target).recursive().overwrite(true);
    builder.must("fs.option.create.conditional.overwrite", true);
    builder.must("fs.s3a.create.header." + TOKEN, token);
    FSDataOutputStream out = (FSDataOutputStream) builder.build();
    try (out) {
      while (actions.hasNext()) {
        out.write((actions.next() + "\n").getBytes(StandardCharsets.UTF_8));
      }
    }
  }

  /** The answer to a PUT may be lost: whose entry stands there tells whether this commit happened. */
  private static void judge(FileSystem fs, Path target, String token, IOException problem) throws IOException {
    byte[] standing;
    try {
      Map<String, byte[]> headers = fs.getXAttrs(target);
      standing = headers.get("header.x-amz-meta-" + TOKEN);
      if (standing == null) {
        standing = headers.get("header." + TOKEN);
      }
    } catch (FileNotFoundException absent) {
      throw problem;
    }
    if (standing == null || !token.equals(new String(standing, StandardCharsets.UTF_8))) {
      throw new FileAlreadyExistsException(target.toString());
    }
  }
}
