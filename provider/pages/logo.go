package pages

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net/http"
)

const maxLogo = 32 << 10 // bytes: it is in every page

// picture makes the data: URI of a logo, empty for none. What it is, its content
// says: PNG, JPEG, WebP or SVG. In an img element no script in it runs, and nothing
// that it names is loaded.
func picture(logo []byte) (template.URL, error) {
	if len(logo) == 0 {
		return "", nil
	}
	if len(logo) > maxLogo {
		return "", fmt.Errorf("the logo has %d bytes, and may have %d", len(logo), maxLogo)
	}
	media := http.DetectContentType(logo)
	switch media {
	case "image/png", "image/jpeg", "image/webp":
	default:
		if err := vector(logo); err != nil {
			return "", fmt.Errorf("the logo is no PNG, JPEG, WebP or SVG: %w", err)
		}
		media = "image/svg+xml"
	}
	return template.URL("data:" + media + ";base64," + base64.StdEncoding.EncodeToString(logo)), nil
}

var errNotSVG = errors.New("its root is not svg of http://www.w3.org/2000/svg")

// vector tells whether the text is a well-formed SVG image. Browsers show none, of
// another root, or without its namespace.
func vector(text []byte) error {
	decoder := xml.NewDecoder(bytes.NewReader(text))
	root := false
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) && root {
			return nil
		}
		if errors.Is(err, io.EOF) {
			return errNotSVG
		}
		if err != nil {
			return fmt.Errorf("read it as XML: %w", err)
		}
		start, ok := token.(xml.StartElement)
		if !ok || root {
			continue
		}
		if start.Name.Local != "svg" || start.Name.Space != "http://www.w3.org/2000/svg" {
			return errNotSVG
		}
		root = true
	}
}
