# The nightly toolchain that Miri, the fuzz targets and the sanitizers share: a dated one, so that a
# test that passes today passes tomorrow. Sourced by tests/tools/*.sh.
PATH=$PATH:${CARGO_HOME:-$HOME/.cargo}/bin
nightly=${LGSTORE_NIGHTLY:-nightly-2026-05-20}

# need_nightly <component>...: installs what is missing; where it can't be had, says so and fails.
need_nightly() {
  local component arguments=()
  command -v rustup >/dev/null || {
    echo "rustup is missing: https://rustup.rs (it installs $nightly)" >&2
    exit 1
  }
  for component in "$@"; do arguments+=(--component "$component"); done
  local missing=0
  for component in "$@"; do
    rustup +"$nightly" component list --installed 2>/dev/null | grep -q "^$component" || missing=1
  done
  rustc +"$nightly" --version >/dev/null 2>&1 || missing=1
  if [ "$missing" = 1 ]; then
    rustup toolchain install "$nightly" --profile minimal "${arguments[@]}" >&2 || {
      echo "can't install it: rustup toolchain install $nightly --profile minimal ${arguments[*]}" >&2
      exit 1
    }
  fi
}
