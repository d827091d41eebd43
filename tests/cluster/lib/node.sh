# One node: its folder, its start and its end. Needs the settings, here, dir, die.

tokens=(x -9223372036854775808 -3074457345618258603 3074457345618258602)

configure() { # <node>
  local folder=$dir/node$1 seeds=$net.1 yaml setting key
  [ "$nodes" = 1 ] || seeds=$net.1,$net.2,$net.3
  mkdir -p "$folder"/{data,commitlog,hints,saved_caches,cdc,tmp,triggers}
  yaml=$(<"$here/cassandra.yaml")
  yaml=${yaml//@FOLDER@/$folder}
  yaml=${yaml//@ADDRESS@/$net.$1}
  yaml=${yaml//@SEEDS@/$seeds}
  yaml=${yaml//@TOKEN@/${tokens[$1]}}
  yaml=${yaml//@CQL_PORT@/$port}
  yaml=${yaml//@STORAGE_PORT@/$storage_port}
  if [ "$auth" = 1 ]; then
    yaml=${yaml//@AUTHENTICATOR@/PasswordAuthenticator}
    yaml=${yaml//@AUTHORIZER@/CassandraAuthorizer}
  else
    yaml=${yaml//@AUTHENTICATOR@/AllowAllAuthenticator}
    yaml=${yaml//@AUTHORIZER@/AllowAllAuthorizer}
  fi
  if [ "$tls" = off ]; then # the whole section goes: it ends the file
    yaml=${yaml%client_encryption_options:*}
  else
    yaml=${yaml//@TLS@/true}
    yaml=${yaml//@TLS_MUTUAL@/$([ "$tls" = mutual ] && echo true || echo false)}
    yaml=${yaml//@TLS_FOLDER@/$dir/tls}
  fi
  for setting in $overrides; do # key=value, of keys that stand in one line
    key=${setting%%=*}
    yaml=$(sed "/^$key:/d" <<<"$yaml")$'\n'"$key: ${setting#*=}"
  done
  printf '%s\n' "$yaml" >"$folder/cassandra.yaml"
}

# launch <node>: starts it, does not wait for CQL.
launch() {
  local folder=$dir/node$1 tries
  rm -f "$folder/pid"
  setsid bash "$here/lib/keeper.sh" "$dir" "$1" </dev/null >"$folder/keeper.log" 2>&1 &
  local keeper=$!
  disown
  for ((tries = 0; tries < 100; tries++)); do
    [ -f "$folder/pid" ] && return
    started_at "$keeper" >/dev/null || break
    sleep 0.05
  done
  [ -f "$folder/pid" ] || die "node $1 did not start: $(tail -n 1 "$folder/keeper.log")"
}

free_port() { # <node> <port>
  port_open "$net.$1" "$2" || return 0
  die "$net.$1:$2 is taken by another process $(ss -Hltnp "sport = :$2" 2>/dev/null | grep -oE 'users:.*' | head -n 1 || true)"
}

# ready <node>: CQL answers. Says what happened when the node ended instead.
ready() {
  local folder=$dir/node$1 deadline=$((SECONDS + patience))
  until port_open "$net.$1" "$port"; do
    alive "$folder/pid" || die "node $1 ended while starting: $(log_says "$folder")"
    ((SECONDS < deadline)) || die "node $1 does not answer on $net.$1:$port after $patience s: $(log_says "$folder")"
    sleep 0.1
  done
}

log_says() {
  local line
  line=$(grep -hE 'ERROR|Exception|address in use' "$1/system.log" "$1/keeper.log" 2>/dev/null | tail -n 1 | cut -c1-300 || true)
  echo "${line:-see $1/system.log}"
}

# The first superuser is made in the background by one node, after its port is open.
logins_ready() {
  local deadline=$((SECONDS + patience))
  until grep -qsh "Created default superuser role" "$dir"/node*/system.log*; do
    ((SECONDS < deadline)) || die "no superuser after $patience s"
    sleep 0.1
  done
}

# every_node_sees_all: the last word of each log about each other node is "up". Read from where the node started.
sees_all() { # <node>
  local other last
  for ((other = 1; other <= nodes; other++)); do
    [ "$other" != "$1" ] || continue
    last=$(tail -n "+$(cat "$dir/node$1/log_begins" 2>/dev/null || echo 1)" "$dir/node$1/system.log" 2>/dev/null |
      grep -oE "InetAddress /$net\.$other:$storage_port is now (UP|DOWN)" | tail -n 1 || true)
    [[ $last == *UP ]] || return 1
  done
}

signal() { # <node> <signal>
  alive "$dir/node$1/pid" || die "node $1 does not run"
  kill "-$2" "$found"
}

# gone <node> <seconds>: waits until the process has ended, then for its ports, which the kernel may give back a
# moment later. Its keeper looks only every second; it is no more needed then, and holds the address.
gone() {
  local deadline=$((SECONDS + $2))
  while alive "$dir/node$1/pid"; do
    ((SECONDS < deadline)) || return 1
    sleep 0.05
  done
  if alive "$dir/node$1/keeper"; then kill -KILL "$found" 2>/dev/null || true; fi
  while alive "$dir/node$1/keeper" || port_open "$net.$1" "$port" ||
    port_open "$net.$1" "$storage_port"; do
    ((SECONDS < deadline)) || return 1
    sleep 0.05
  done
}
