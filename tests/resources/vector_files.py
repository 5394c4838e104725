"""Boundary files in the official formats, made by GDAL itself for the tests."""

import ctypes
from pathlib import Path

from django.contrib.gis.gdal.libgdal import lgdal

# A handle of our own: Django declares the same functions for itself.
_library = ctypes.CDLL(lgdal._name)
_library.GDALAllRegister()
OF_VECTOR = 0x04
DRIVERS = {".gpkg": "GPKG", ".shp": "ESRI Shapefile", ".geojson": "GeoJSON"}


def _function(name: str, result: type | None, *arguments: type) -> ctypes._CFuncPtr:  # type: ignore[name-defined]
    function = getattr(_library, name)
    function.restype, function.argtypes = result, list(arguments)
    return function


_open = _function(
    "GDALOpenEx", ctypes.c_void_p, ctypes.c_char_p, ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p
)
_close = _function("GDALClose", None, ctypes.c_void_p)
_options = _function("GDALVectorTranslateOptionsNew", ctypes.c_void_p, ctypes.POINTER(ctypes.c_char_p), ctypes.c_void_p)
_translate = _function(
    "GDALVectorTranslate", ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int,
    ctypes.POINTER(ctypes.c_void_p), ctypes.c_void_p, ctypes.POINTER(ctypes.c_int),
)  # fmt: skip


def translate(source: Path, target: Path, *options: str) -> Path:
    """``ogr2ogr -f <driver of the ending> options… target source``; returns ``target``."""
    words = [b"-f", DRIVERS[target.suffix].encode(), *(option.encode() for option in options)]
    handle = ctypes.c_void_p(_open(str(source).encode(), OF_VECTOR, None, None, None))
    assert handle.value, f"GDAL cannot open {source}"
    error = ctypes.c_int(0)
    array = (ctypes.c_char_p * (len(words) + 1))(*words, None)
    made = _translate(str(target).encode(), None, 1, ctypes.byref(handle), _options(array, None), ctypes.byref(error))
    assert made, f"GDAL cannot write {target}"
    assert error.value == 0
    _close(made)
    _close(handle)
    return target
