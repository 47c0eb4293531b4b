#!/bin/bash
# A base for the Dockerfile where none can be pulled, with what its steps call: base.sh FOLDER, the root to be filled.
# Node is the project's own, npm and the rest are this machine's.
set -euo pipefail
root=$1
project=$(cd "$(dirname "$0")/../.." && pwd)

mkdir -p "$root"/{bin,dev,etc/ssl/certs,proc,tmp,var/lib/root,usr/bin,usr/local/bin,usr/local/etc,usr/local/lib/node_modules}
# put FILE PLACE: a program with the libraries that it is linked to.
put() {
  cp -L "$1" "$root$2"
  ldd "$1" | grep -o '/[^ ]*' | while read -r library; do
    mkdir -p "$root$(dirname "$library")"
    cp -L "$library" "$root$library"
  done
}
put "$project/node_modules/node/bin/node" /usr/local/bin/node
for program in sh rm; do put "$(command -v $program)" "/bin/$program"; done
for program in env find; do put "$(command -v $program)" "/usr/bin/$program"; done
npm=$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")
cp -r "$npm" "$root/usr/local/lib/node_modules/npm"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
echo 'root:x:0:0:root:/var/lib/root:/bin/sh' >"$root/etc/passwd"
echo 'root:x:0:' >"$root/etc/group"
# Whom this machine trusts, for packages.
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
echo 'cafile=/etc/ssl/certs/ca-certificates.crt' >"$root/usr/local/etc/npmrc"
