// Package migrations holds the schema as plain SQL, one file one transaction, forward only.
package migrations

import "embed"

// FS holds the files, in the order of their numbers.
//
//go:embed *.sql
var FS embed.FS
