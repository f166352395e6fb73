package org.civiclake;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Driver;
import java.sql.SQLException;
import java.util.Properties;
import org.apache.spark.sql.execution.datasources.jdbc.JDBCOptions;
import org.apache.spark.sql.jdbc.JdbcConnectionProvider;
import scala.collection.immutable.Map;

/**
 * Opens a department's database with credentials that a query only names: `connectionProvider=civiclake`, `lakeCredentials=NAME`. They are read
 * where the connection is opened, from NAME.properties (user, password) in the folder of the system property civiclake.jdbc, so that no plan,
 * configuration or log ever holds them.
 */
public final class NamedCredentials extends JdbcConnectionProvider {
  private static final String OPTION = "lakecredentials";

  @Override
  public String name() {
    return "civiclake";
  }

  @Override
  public boolean canHandle(Driver driver, Map<String, String> options) {
    return options.toSeq().exists(pair -> pair._1().equalsIgnoreCase(OPTION));
  }

  @Override
  public Connection getConnection(Driver driver, Map<String, String> options) {
    JDBCOptions said = new JDBCOptions(options);
    try {
      Connection opened = driver.connect(said.url(), credentials((String) said.parameters().apply(OPTION)));
      if (opened == null) throw new SQLException("the driver " + driver.getClass().getName() + " does not take this address");
      return opened;
    } catch (SQLException problem) {
      throw new IllegalStateException("the database does not let us in: " + problem.getMessage(), problem);
    }
  }

  @Override
  public boolean modifiesSecurityContext(Driver driver, Map<String, String> options) {
    return false;
  }

  private static Properties credentials(String name) throws SQLException {
    String folder = System.getProperty("civiclake.jdbc");
    if (folder == null || !name.matches("[A-Za-z0-9_-]+")) throw new SQLException("no credentials named " + name + " may be used here");
    Path path = Path.of(folder, name + ".properties");
    Properties found = new Properties();
    try (InputStream in = Files.newInputStream(path)) {
      found.load(in);
    } catch (IOException absent) {
      throw new SQLException("there are no credentials " + name + ": put user= and password= into " + path);
    }
    return found;
  }
}
