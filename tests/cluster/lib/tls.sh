# Certificates of one cluster. Needs: dir, net, die.
# tls/ca.pem             who the nodes and the clients trust
# tls/server-chain.pem   the nodes' key and certificate (addresses .1-.3 and localhost)
# tls/client.pem, .key   a client that the nodes know
# tls/stranger-ca.pem, tls/stranger.pem, .key   another authority and its client, for tests that must be refused

authority() { # <file> <name>
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj "/CN=$2" \
    -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign,cRLSign" \
    -keyout "$tls/$1.key" -out "$tls/$1.pem"
}

# A leaf: rustls takes no authority's certificate as a server's.
leaf() { # <file> <authority> <extensions>
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=lgstore tests $1" \
    -keyout "$tls/$1.key" -out "$tls/$1.request"
  printf '%s\n' "basicConstraints=CA:FALSE" "$3" >"$tls/$1.extensions"
  openssl x509 -req -in "$tls/$1.request" -CA "$tls/$2.pem" -CAkey "$tls/$2.key" -CAcreateserial -days 3650 \
    -extfile "$tls/$1.extensions" -out "$tls/$1.pem"
  rm "$tls/$1.request" "$tls/$1.extensions"
}

certificates() {
  local tls=$dir/tls.new
  [ -d "$dir/tls" ] && return
  command -v openssl >/dev/null || die "openssl is missing: apt-get install openssl"
  rm -rf "$tls"
  (umask 077 && mkdir -p "$tls")
  {
    authority ca "lgstore tests authority"
    authority stranger-ca "lgstore tests stranger"
    leaf server ca "extendedKeyUsage=serverAuth
subjectAltName=IP:$net.1,IP:$net.2,IP:$net.3,DNS:localhost"
    leaf client ca "extendedKeyUsage=clientAuth"
    leaf stranger stranger-ca "extendedKeyUsage=clientAuth"
  } >"$dir/openssl.log" 2>&1 || die "openssl failed, see $dir/openssl.log"
  cat "$tls/server.key" "$tls/server.pem" "$tls/ca.pem" >"$tls/server-chain.pem"
  mv "$tls" "$dir/tls"
}
