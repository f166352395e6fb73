package org.civiclake;

import io.delta.storage.S3SingleDriverLogStore;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.util.Iterator;
import java.util.Map;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FSDataOutputStreamBuilder;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Commits a Delta log entry by a conditional PUT (If-None-Match), so that several drivers may write one table.
 * The default store for S3 only guards against writers of its own process and loses commits between two.
 */
public class ConditionalLogStore extends S3SingleDriverLogStore {
  private static final String TOKEN = "civiclake-commit";

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
    String token = UUID.randomUUID().toString();
    try {
      put(fs, target, actions, token);
    } catch (IOException problem) {
      judge(fs, target, token, problem);
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
