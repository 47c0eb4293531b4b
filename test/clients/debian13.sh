#!/bin/bash
# debian13.sh ROOT COMMAND [ARGUMENT...]
#
# Runs a command with ROOT as its root, in a mount namespace that ends with it. Not by chroot alone: a daemon that
# remounts `/` must find a mount there. /tmp is the machine's own, so that files and sockets have the same paths.
set -euo pipefail
export ENTERED_ROOT=$1
shift
exec unshare --mount --propagation private bash -euc '
  root=$ENTERED_ROOT
  unset ENTERED_ROOT
  mount --rbind "$root" "$root"
  for folder in proc sys dev tmp; do mount --rbind "/$folder" "$root/$folder"; done
  cd "$root"
  pivot_root . mnt
  umount -l /mnt
  exec "$@"' debian13 "$@"
