package org.openapitools.jackson.nullable;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.BeanDescription;
import com.fasterxml.jackson.databind.BeanProperty;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.SerializationConfig;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.deser.ContextualDeserializer;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.ser.BeanPropertyWriter;
import com.fasterxml.jackson.databind.ser.BeanSerializerModifier;
import java.io.IOException;
import java.util.List;

/** Leaves out what is undefined, and writes null where it was set. */
public final class JsonNullableModule extends SimpleModule {
  public JsonNullableModule() {
    addSerializer(JsonNullable.class, new Serializer());
    addDeserializer(JsonNullable.class, new Deserializer(null));
    setSerializerModifier(new Modifier());
  }

  private static final class Serializer extends JsonSerializer<JsonNullable> {
    @Override
    public void serialize(JsonNullable value, JsonGenerator to, SerializerProvider provider) throws IOException {
      provider.defaultSerializeValue(value.get(), to);
    }
  }

  private static final class Deserializer extends JsonDeserializer<JsonNullable<?>> implements ContextualDeserializer {
    private final JavaType content;

    private Deserializer(JavaType content) {
      this.content = content;
    }

    @Override
    public JsonDeserializer<?> createContextual(DeserializationContext context, BeanProperty property) {
      return new Deserializer(context.getContextualType().containedTypeOrUnknown(0));
    }

    @Override
    public JsonNullable<?> deserialize(JsonParser from, DeserializationContext context) throws IOException {
      return JsonNullable.of(context.readValue(from, content));
    }

    @Override
    public JsonNullable<?> getNullValue(DeserializationContext context) {
      return JsonNullable.of(null);
    }
  }

  private static final class Modifier extends BeanSerializerModifier {
    @Override
    public List<BeanPropertyWriter> changeProperties(
        SerializationConfig config, BeanDescription bean, List<BeanPropertyWriter> writers) {
      writers.replaceAll(writer -> writer.getType().hasRawClass(JsonNullable.class) ? new Writer(writer) : writer);
      return writers;
    }
  }

  private static final class Writer extends BeanPropertyWriter {
    private Writer(BeanPropertyWriter base) {
      super(base);
    }

    @Override
    public void serializeAsField(Object bean, JsonGenerator to, SerializerProvider provider) throws Exception {
      if (get(bean) instanceof JsonNullable<?> value && value.isPresent()) super.serializeAsField(bean, to, provider);
    }
  }
}
