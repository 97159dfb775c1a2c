package csvfile_test

import (
	"encoding/csv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/csvfile"
	"github.com/openpartner/openpartner/app/money"
)

// written gives the text of a file of one column for each of the cells.
func written(t *testing.T, columns int, row func(f *csvfile.File)) string {
	t.Helper()
	var out strings.Builder
	f, err := csvfile.New(&out, strings.Split(strings.Repeat("a", columns), "")...)
	if err != nil {
		t.Fatal(err)
	}
	row(f)
	if err := f.End(); err != nil {
		t.Fatal(err)
	}
	if err := f.Flush(); err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(out.String(), strings.TrimSuffix(strings.Repeat("a,", columns), ",")+"\r\n")
}

func TestFile_Cells(t *testing.T) {
	t.Parallel()
	id := uuid.MustParse("01900000-0000-7000-8000-000000000000")
	at := time.Date(2026, 3, 1, 1, 2, 3, 999, time.FixedZone("", 3600))
	got := written(t, 16, func(f *csvfile.File) {
		word := "word"
		f.Text("plain", `a "quoted", text`).Maybe(&word, nil).ID(id).MaybeID(nil).Count(-5, 7).Number("12.5").Truth(true).
			Amount(money.Amount{Minor: -150, Currency: "KWD"}).Time(at).MaybeTime(nil).MaybeTime(&at).Blank()
	})
	want := `plain,"a ""quoted"", text",word,,` + id.String() + `,,-5,7,12.5,true,-0.150,KWD,2026-03-01T00:02:03Z,,2026-03-01T00:02:03Z,` + "\r\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestFile_Formulas(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`=HYPERLINK("https://evil.example","pay")`: `'=HYPERLINK("https://evil.example","pay")`,
		"+1": "'+1", "-1": "-1", "-5.00": "-5.00", "-1+2": "'-1+2", "-5.": "'-5.", "@cmd": "'@cmd", "\tx": "'\tx", "\r=1": "'=1", "\n=1": "'\n=1",
		"": "", "a=1": "a=1", " =1": " =1", "1-1": "1-1", "Ünï – 名": "Ünï – 名", "two\nlines": "two\nlines",
	} {
		rows, err := csv.NewReader(strings.NewReader(written(t, 2, func(f *csvfile.File) { f.Text(text, "end") }))).ReadAll()
		if err != nil || len(rows) != 1 || rows[0][0] != want {
			t.Errorf("%q: err %v, want %q, got %q", text, err, want, rows)
		}
	}
}

func TestFile_Width(t *testing.T) {
	t.Parallel()
	f, err := csvfile.New(&strings.Builder{}, "a", "b")
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Text("alone").End(); err == nil {
		t.Error("a row that is too short was taken")
	}
}
