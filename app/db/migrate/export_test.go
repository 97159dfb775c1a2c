package migrate

import (
	"context"
	"io/fs"
	"log/slog"
)

// UpFiles is Up with other files, for tests.
func UpFiles(ctx context.Context, ownerURL string, files fs.FS) error {
	return up(ctx, ownerURL, files, Passwords{}, slog.New(slog.DiscardHandler))
}
