# shellcheck shell=sh
# What every program that fetches is asked for: `get URL [OPTIONS]` writes to its standard output.
[ "$(get "$URL/hello" 2>err)" = hello ] || fail 'hello did not come'
get "$URL/files/big.sum" >big.sum 2>err || fail 'big.sum did not come'
get "$URL/files/big.bin" >big.bin 2>err || fail 'big.bin did not come'
same_big big.bin
[ "$(get "$URL/slow/8" 2>err | wc -l)" -eq 8 ] || fail 'the slow one did not come'
[ "$(get "$PLAIN/hello" 2>err)" = hello ] || fail 'hello did not come in clear'
echo ok
