# Another Rust static library in the same program: the localised archive does not clash with it.
. "$(dirname "$0")/common.sh"
strays=$("$NM" --defined-only --extern-only "$LGSTORE_STATIC_LIBRARY" 2>/dev/null |
  awk 'NF == 3 && $3 !~ /^lgstore_/ && $3 !~ /^DW\.ref\./ { print $3 }')
if [ -n "$strays" ]; then
  printf 'names that are visible outside liblgstore.a:\n%s\n' "$strays" | head -20 >&2
  exit 1
fi

# The same compiler that made lgstore: the case in which most names are the same.
rustc=$(dirname "$CARGO")/rustc
[ -x "$rustc" ] || rustc=rustc
"$rustc" --edition 2024 --crate-type staticlib -C opt-level=2 -C lto=thin \
  "$LGSTORE_SOURCE_DIR/tests/package/other.rs" -o "$here/libother.a"

sed 's/int main(void)/static int client(void)/' "$LGSTORE_SOURCE_DIR/tests/package/client/main.c" >"$here/both.c"
cat >>"$here/both.c" <<'C'
extern uint32_t other_answer(uint32_t n);
int main(void) { return other_answer(42) == 42 ? client() : 1; }
C
system="-lgcc_s -lutil -lrt -lpthread -lm -ldl"
# Both orders: the linker takes objects from archives from left to right.
"$LGSTORE_CC" "$here/both.c" -I "$LGSTORE_SOURCE_DIR/include" "$LGSTORE_STATIC_LIBRARY" "$here/libother.a" $system -o "$here/one"
"$LGSTORE_CC" "$here/both.c" -I "$LGSTORE_SOURCE_DIR/include" "$here/libother.a" "$LGSTORE_STATIC_LIBRARY" $system -o "$here/two"
# And all of both, as a plugin or a Go program may link them.
"$LGSTORE_CC" "$here/both.c" -I "$LGSTORE_SOURCE_DIR/include" -Wl,--whole-archive "$LGSTORE_STATIC_LIBRARY" \
  "$here/libother.a" -Wl,--no-whole-archive $system -o "$here/all"
"$here/one"
"$here/two"
"$here/all"
