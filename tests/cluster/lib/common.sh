# Shared by cluster.sh and lib/keeper.sh: names, processes, ports.

die() { echo "cluster: $*" >&2; exit 1; }

# When the process began, in clock ticks since boot. With the pid it names one process for ever: pids come again,
# but not with the same start. Empty and false for what is gone or a zombie. No program is started.
started_at() {
  local stat fields
  { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
  stat=${stat##*) } # the name before may hold anything
  read -ra fields <<<"$stat"
  [[ ${fields[0]} != [ZX] ]] || return 1
  echo "${fields[19]}"
}

# alive <file>: the process whose "pid start" the file holds. Sets `found` to its pid.
alive() {
  local start
  { read -r found start <"$1"; } 2>/dev/null || return 1
  [ -n "$start" ] && [ "$(started_at "$found")" = "$start" ]
}

# Owners are files owners/<pid> that hold "pid start".
any_owner() {
  local file
  for file in "$dir"/owners/*; do
    alive "$file" && return 0
  done
  return 1
}

port_open() { (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null; }
