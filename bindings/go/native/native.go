// Package native holds the files of the build tag lgstore_static: include/lgstore.h, and per platform
// <os>_<arch>/liblgstore.a. They are not in version control: native/fill.sh copies them from an
// installed library, and a release of this module carries them.
package native
