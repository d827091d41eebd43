# Cassandra's jars and what is made of them, once per machine. Needs: here, cache, die.
# cache/<version>/jars/*.jar, cache/<version>/classes-<java>.jsa, cache/nets/<address>, cache/lock

find_java() {
  local candidate
  for candidate in ${JAVA_HOME:+"$JAVA_HOME/bin/java"} "$(command -v java || true)" /usr/lib/jvm/*17*/bin/java; do
    [ -x "$candidate" ] || continue
    java_version=$("$candidate" -XshowSettings:properties -version 2>&1 | sed -n 's/^ *java\.version = //p')
    if [[ $java_version == 17* ]]; then
      java=$candidate
      return
    fi
  done
  die "Java 17 is missing: apt-get install openjdk-17-jre-headless, or set JAVA_HOME"
}

fetch() {
  local tool
  for tool in setpriv flock; do
    command -v $tool >/dev/null || die "$tool is missing: apt-get install util-linux"
  done
  find_java
  cassandra_version=$(sed -n '/cassandra-all/{n;s:.*<version>\(.*\)</version>.*:\1:p}' "$here/pom.xml")
  jars=$cache/$cassandra_version/jars
  archive=$cache/$cassandra_version/classes-$java_version.jsa
  mkdir -p "$cache/nets"
  [ -z "${LGSTORE_CLUSTER_ARCHIVE:-}" ] || return 0 # the start that makes the archive
  [ -d "$jars" ] && [ -f "$archive" ] && return
  ( # one at a time on this machine; the others wait and find it done
    flock -w 600 9 || die "another process fetches Cassandra into $cache and does not end"
    [ -d "$jars" ] || fetch_jars
    [ -f "$archive" ] || make_archive
  ) 9>"$cache/lock"
}

fetch_jars() {
  command -v mvn >/dev/null || die "Maven is missing: apt-get install maven"
  echo "cluster: fetching Cassandra $cassandra_version into $cache" >&2
  local new=$cache/new
  rm -rf "$new"
  mkdir -p "$new/jars" "$cache/$cassandra_version"
  cp "$here/pom.xml" "$new/"
  # Its own local repository, which goes when the jars are there: the cache is this folder and nothing else.
  mvn --batch-mode --quiet --file "$new/pom.xml" -Dmaven.repo.local="$new/repository" \
    org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
    -DincludeScope=runtime -DoutputDirectory="$new/jars" 9>&- >&2 || die "Maven could not fetch Cassandra"
  [ -f "$new/jars/cassandra-all-$cassandra_version.jar" ] || die "Maven fetched no cassandra-all-$cassandra_version.jar"
  rm -f "$new"/jars/*-{osx,windows}-*.jar "$new"/jars/*-riscv64.jar # of no use on Linux
  mv "$new/jars" "$jars"                                           # whole or not at all
  rm -rf "$new"
}

# Loaded classes as a file that the JVM maps: it takes 2 s of CPU from every start, and this costs one start.
# Without it nodes start all the same, so a failure here says so and is no error.
make_archive() {
  local scratch
  scratch=$(mktemp -d "$cache/archive.XXXXXX")
  echo "cluster: preparing Cassandra's classes, once per machine" >&2
  if LGSTORE_CLUSTER_ARCHIVE=$scratch/classes.jsa "$here/cluster.sh" up --dir "$scratch/cluster" --owner $$ 9>&- >&2; then
    "$here/cluster.sh" stop 1 --dir "$scratch/cluster" 9>&- >&2 || true
    "$here/cluster.sh" down --dir "$scratch/cluster" 9>&- >&2 || true
  fi
  mv "$scratch/classes.jsa" "$archive" 2>/dev/null || { echo "cluster: no class archive; starts are slower" >&2; : >"$archive"; }
  rm -rf "$scratch"
}
