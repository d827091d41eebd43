//go:build lgstore_nopc && !lgstore_static

package lgstore

// Neither pkg-config nor an archive in this module: where header and library are is said by CGO_CFLAGS
// and CGO_LDFLAGS, as in -I<folder> and -L<folder> -llgstore.

import "C"
