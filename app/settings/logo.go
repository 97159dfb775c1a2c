package settings

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // what a logo may come as
	"image/png"

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp" // and this

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/tenancy"
)

const (
	maxLogoSide  = 2048       // pixels of what is sent: 16 MB in memory
	logoSide     = 512        // pixels of what is kept
	maxLogoBytes = 256 * 1024 // of what is kept
	smallestLogo = 32         // pixels below which nothing is made smaller
	logoVersion  = 16         // characters
	notAPicture  = "Choose a PNG, JPEG or WebP picture."
	logoTooLarge = "This picture is too large: at most 2048 pixels wide and high."
	logoTooRich  = "This picture can't be made small enough. Please choose a simpler one."
)

// SetLogo keeps a picture as the program's logo. It is decoded and written anew as PNG, so that
// nothing but its pixels is ever served.
func (s *Service) SetLogo(ctx context.Context, picture []byte) error {
	if err := mayWrite(ctx); err != nil {
		return err
	}
	encoded, err := asLogo(picture)
	if err != nil {
		return err
	}
	_, err = db.Tx(ctx).NewRaw(`
		insert into assets (tenant_id, kind, content_type, bytes, created_at) values (?, 'logo', 'image/png', ?, ?)
		on conflict (tenant_id, kind) do update set bytes = excluded.bytes, created_at = excluded.created_at`,
		tenancy.ID(ctx), encoded, s.now()).Exec(ctx)
	if err != nil {
		return fmt.Errorf("write the logo: %w", err)
	}
	sum := sha256.Sum256(encoded)
	version := hex.EncodeToString(sum[:])[:logoVersion]
	return s.nameLogo(ctx, &version)
}

// CheckLogo refuses what is no picture that a logo may be.
func CheckLogo(picture []byte) error {
	_, err := asLogo(picture)
	return err
}

// RemoveLogo goes back to the initials.
func (s *Service) RemoveLogo(ctx context.Context) error {
	if err := mayWrite(ctx); err != nil {
		return err
	}
	if _, err := db.Tx(ctx).NewRaw(`delete from assets where kind = 'logo'`).Exec(ctx); err != nil {
		return fmt.Errorf("remove the logo: %w", err)
	}
	return s.nameLogo(ctx, nil)
}

// nameLogo has every page know the version.
func (s *Service) nameLogo(ctx context.Context, version *string) error {
	t := tenancy.From(ctx)
	if _, err := db.Tx(ctx).NewRaw(`update platform.tenants set logo = ? where id = ?`, version, t.ID).Exec(ctx); err != nil {
		return fmt.Errorf("name the logo: %w", err)
	}
	s.tenants.Forget(t.Slug)
	return record(ctx, keyProgram, []string{"logo"})
}

// Logo gives the picture, as PNG, for everybody.
func (s *Service) Logo(ctx context.Context) (picture []byte, err error) {
	err = db.Tx(ctx).NewRaw(`select bytes from assets where kind = 'logo'`).Scan(ctx, &picture)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fault.NotFound("logo")
	}
	if err != nil {
		return nil, fmt.Errorf("read the logo: %w", err)
	}
	return picture, nil
}

// asLogo decodes a picture and encodes it in a size that pages need. What it says about itself
// is looked at first: a small file can claim a huge picture.
func asLogo(picture []byte) ([]byte, error) {
	claim, _, err := image.DecodeConfig(bytes.NewReader(picture))
	if err != nil {
		return nil, fault.InvalidField("logo", notAPicture).Because(err)
	}
	if claim.Width < 1 || claim.Height < 1 || claim.Width > maxLogoSide || claim.Height > maxLogoSide {
		return nil, fault.InvalidField("logo", logoTooLarge)
	}
	decoded, _, err := image.Decode(bytes.NewReader(picture))
	if err != nil {
		return nil, fault.InvalidField("logo", notAPicture).Because(err)
	}
	for side := logoSide; side >= smallestLogo; side /= 2 {
		var out bytes.Buffer
		if err := png.Encode(&out, within(decoded, side)); err != nil {
			return nil, fmt.Errorf("encode the logo: %w", err)
		}
		if out.Len() <= maxLogoBytes {
			return out.Bytes(), nil
		}
	}
	return nil, fault.InvalidField("logo", logoTooRich)
}

// within makes a picture so small that it fits into a square; a small one stays as it is.
func within(picture image.Image, side int) image.Image {
	width, height := picture.Bounds().Dx(), picture.Bounds().Dy()
	longer := max(width, height)
	if longer <= side {
		return picture
	}
	small := image.NewNRGBA(image.Rect(0, 0, max(width*side/longer, 1), max(height*side/longer, 1)))
	draw.CatmullRom.Scale(small, small.Bounds(), picture, picture.Bounds(), draw.Src, nil)
	return small
}
