package org.openapitools.client;

/** In place of the generated module for times, which needs a library that no Debian package has. The document has no times. */
public final class RFC3339JavaTimeModule extends com.fasterxml.jackson.databind.module.SimpleModule {}
