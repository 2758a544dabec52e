package statuspage

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"

	"nanomon/services/common/monitor"
)

// logoTypes lists the content types of logos. SVG is none of them, because it may contain scripts.
var logoTypes = [...]string{"image/png", "image/jpeg", "image/gif", "image/webp"}

// DecodeLogo returns the content type and the image of a logo. The error is a [monitor.InvalidError] that names the field.
// The content type is the one of the image itself.
func DecodeLogo(logo string) (contentType string, image []byte, err error) {
	header, encoded, found := strings.Cut(logo, ",")
	named, isBase64 := strings.CutSuffix(strings.TrimPrefix(header, "data:"), ";base64")
	if !found || !isBase64 || !strings.HasPrefix(header, "data:") || !slices.Contains(logoTypes[:], named) {
		return "", nil, monitor.Invalidf("logo must be a PNG, JPEG, GIF or WebP image as a data URL in base64")
	}
	if base64.StdEncoding.DecodedLen(len(encoded)) > MaxLogo+2 {
		return "", nil, logoTooLarge()
	}
	image, err = base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil || strings.ContainsAny(encoded, "\r\n") {
		return "", nil, monitor.Invalidf("logo is not valid base64")
	}
	if len(image) > MaxLogo {
		return "", nil, logoTooLarge()
	}
	if contentType = http.DetectContentType(image); contentType != named {
		return "", nil, monitor.Invalidf("logo must be an image of the type %s, as its data URL says", named)
	}
	return contentType, image, nil
}

func logoTooLarge() error { return monitor.Invalidf("logo has more than %d KiB", MaxLogo>>10) }
