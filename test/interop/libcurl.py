#!/usr/bin/env python3
"""libcurl.py LIBRARY URL: fetches to standard output with that libcurl; PROXY and TRUST as every client."""
import ctypes
import os
import sys

URL, PROXY, CAINFO, FAILONERROR, WRITEFUNCTION, ERRORBUFFER = 10002, 10004, 10065, 45, 20011, 10010
curl = ctypes.CDLL(sys.argv[1])
curl.curl_easy_init.restype = ctypes.c_void_p
handle = ctypes.c_void_p(curl.curl_easy_init())
error = ctypes.create_string_buffer(256)


@ctypes.CFUNCTYPE(ctypes.c_size_t, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_void_p)
def write(data, size, count, _):
    return sys.stdout.buffer.write(ctypes.string_at(data, size * count))


curl.curl_easy_setopt(handle, ERRORBUFFER, error)
curl.curl_easy_setopt(handle, URL, sys.argv[2].encode())
curl.curl_easy_setopt(handle, PROXY, os.environ["PROXY"].encode())
curl.curl_easy_setopt(handle, CAINFO, os.environ["TRUST"].encode())
curl.curl_easy_setopt(handle, FAILONERROR, ctypes.c_long(1))
curl.curl_easy_setopt(handle, WRITEFUNCTION, write)
rc = curl.curl_easy_perform(handle)
sys.stdout.flush()
if rc:
    sys.exit("curl: %d %s" % (rc, error.value.decode()))
