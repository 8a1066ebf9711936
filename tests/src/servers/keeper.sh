# usage: sh -c SCRIPT keeper FOLDER PROGRAM [ARGUMENT]...
#
# Runs the program in FOLDER, with its output in FOLDER/log, and answers each order on standard
# input with one line. The end of the input, which comes also when the owner was killed, ends the
# program and removes FOLDER.
#
# The program's id stays taken until `end` has waited for it, so no signal can hit another process.
# When the owner ends, the kernel hangs up on a group of processes of which one is stopped.
trap '' HUP

folder=$1
shift

start() {
    "$@" </dev/null >>"$folder/log" 2>&1 &
    pid=$!
    echo "$pid"
}

end() {
    if [ -n "$pid" ]; then
        kill -KILL "$pid"
        wait "$pid"
    fi 2>/dev/null
    pid=
}

if ! command -v "$1" >/dev/null; then
    echo missing
    exit
fi
cd "$folder" || exit
start "$@"
while read -r order; do
    case $order in
        start) end; start "$@" ;;
        KILL) end; echo done ;;
        *) [ -z "$pid" ] || kill "-$order" "$pid"; echo done ;;
    esac
done
end
cd /
rm -rf "$folder"
