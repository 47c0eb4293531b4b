#!/bin/bash
# Runs a command in an image's root as a container would be run: IMAGE_ROOT=... IMAGE_USER=uid:gid enter.sh FOLDER COMMAND...
# The root is read-only, there are no capabilities and none to be had, and the network is this machine's.
set -euo pipefail
exec unshare --mount bash -c '
  mount --bind "$IMAGE_ROOT" "$IMAGE_ROOT"
  mount --rbind /proc "$IMAGE_ROOT/proc"
  mount -o remount,bind,ro "$IMAGE_ROOT"
  exec setpriv --no-new-privs chroot --userspec="$IMAGE_USER" --groups= "$IMAGE_ROOT" \
    /usr/bin/env PATH=/usr/local/bin:/usr/bin:/bin sh -c "cd \"\$0\" && exec \"\$@\"" "$@"
' enter "$@"
