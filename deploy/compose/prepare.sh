#!/bin/sh
# Makes what compose.yaml needs and does not find: `.env` with fresh secrets, and in tls/ a certificate that signs itself.
#   ./prepare.sh https://postern.example.com
set -eu
cd "$(dirname "$0")"
umask 077
url=${1:-https://localhost}
case $url in
  https://*/* | *' '*) echo "prepare.sh: the URL is https://, a host, and no path: $url" >&2; exit 1 ;;
  https://?*) ;;
  *) echo "prepare.sh: the URL is https://, a host, and no path: $url" >&2; exit 1 ;;
esac
host=${url#https://}
host=${host%%:*}

if [ ! -e .env ]; then
  # Letters first: NATS would read digits alone as a number.
  cat >.env.new <<END
POSTERN_URL=$url
POSTERN_ROOT_KEY=$(openssl rand -base64 32)
POSTGRES_PASSWORD=p$(openssl rand -hex 24)
NATS_PASSWORD=p$(openssl rand -hex 24)
NATS_CLUSTER_PASSWORD=p$(openssl rand -hex 24)
END
  mv .env.new .env
  echo 'made .env: keep a copy of POSTERN_ROOT_KEY apart from the database'
fi
if [ ! -e tls/key.pem ]; then
  mkdir -p tls
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -subj "/CN=$host" \
    -addext "subjectAltName=DNS:$host" -keyout tls/key.pem -out tls/certificate.pem 2>/dev/null
  echo 'made tls/certificate.pem, which signs itself: put your own in its place, or give it to clients and gateways'
fi
