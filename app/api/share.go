package api

import "github.com/labstack/echo/v4"

// Read is for endpoints elsewhere that take bodies as strictly as the API does.
func Read(c echo.Context, into any) error { return read(c, into) }

// RawBody is the body of a request that Read will take apart.
func RawBody(c echo.Context) ([]byte, error) { return rawBody(c) }
