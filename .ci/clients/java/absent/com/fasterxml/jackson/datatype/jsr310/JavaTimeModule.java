package com.fasterxml.jackson.datatype.jsr310;

/** In place of the library's module for times, which no Debian package has. The document has no times. */
public final class JavaTimeModule extends com.fasterxml.jackson.databind.module.SimpleModule {}
