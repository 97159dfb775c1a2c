package flows_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"github.com/openpartner/openpartner/tests/testkit"
)

// upload sends a file as a form of ours would.
func upload(t *testing.T, v *testkit.Visitor, path, field string, content []byte) testkit.Answer {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	part, err := w.CreateFormFile(field, "picture")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = part.Write(content)
	_ = w.Close()
	return v.Send(path, w.FormDataContentType(), body.String())
}

func picture(width, height int) image.Image {
	m := image.NewNRGBA(image.Rect(0, 0, width, height))
	for i := range width * height {
		m.Set(i%width, i/width, color.NRGBA{R: uint8(i), G: uint8(i >> 3), B: uint8(i * 7), A: 255})
	}
	return m
}

// bomb is a PNG of a few bytes that claims to be huge.
func bomb() []byte {
	var out bytes.Buffer
	_ = png.Encode(&out, picture(1, 1))
	b := out.Bytes()
	binary.BigEndian.PutUint32(b[16:], 60000)
	binary.BigEndian.PutUint32(b[20:], 60000)
	binary.BigEndian.PutUint32(b[29:], crc32.ChecksumIEEE(b[12:29]))
	return b
}

func TestSettings_Logo(t *testing.T) {
	t.Parallel()
	p := start(t)
	const path = "/admin/settings/program/logo"
	webp, err := base64.StdEncoding.DecodeString("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==")
	if err != nil {
		t.Fatal(err)
	}
	var large, photo bytes.Buffer
	_ = png.Encode(&large, picture(700, 300))
	_ = jpeg.Encode(&photo, picture(600, 600), nil)
	for name, content := range map[string][]byte{"PNG": large.Bytes(), "JPEG": photo.Bytes(), "WebP": webp} {
		if to := led(t, p.admin, upload(t, p.admin, path, "logo", content)); to != "/admin/settings/program" {
			t.Errorf("%s led to %s", name, to)
		}
		src := page(t, p.admin, "/admin/settings/program").Find("img.brand-logo").AttrOr("src", "")
		if shown := page(t, p.Visitor(), "/").Find("img.brand-logo").AttrOr("src", ""); src == "" || shown != src {
			t.Errorf("%s: admins see %q, strangers %q", name, src, shown)
		}
		got := p.Visitor().Get(src)
		decoded, err := png.DecodeConfig(strings.NewReader(got.Body))
		if err != nil || decoded.Width > 512 || len(got.Body) > 256<<10 || got.Header.Get("Content-Type") != "image/png" || !strings.Contains(got.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %v %dx%d, %d bytes, %v", name, err, decoded.Width, decoded.Height, len(got.Body), got.Header)
		}
	}
	for name, content := range map[string][]byte{
		"Empty": {}, "Text": []byte("not a picture"), "SVG": []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`), "Bomb": bomb(), "Cut": large.Bytes()[:200],
	} {
		if _, fields := refused(t, p.admin, upload(t, p.admin, path, "logo", content)); len(fields) != 1 || fields[0] != "logo" {
			t.Errorf("%s: marked %v", name, fields)
		}
	}
	led(t, p.admin, p.admin.Post(path, map[string][]string{"remove": {"true"}}))
	if doc := page(t, p.admin, "/admin"); doc.Find("img.brand-logo").Length() != 0 {
		t.Error("the removed logo is still there")
	}
	if got := p.Visitor().Get("/brand/logo"); got.Status != http.StatusNotFound {
		t.Errorf("a removed logo: %d", got.Status)
	}
}
