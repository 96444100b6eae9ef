import java.util.List;
import java.util.Map;
import org.openapitools.client.ApiClient;
import org.openapitools.client.ApiException;
import org.openapitools.client.api.AssistantsApi;
import org.openapitools.client.model.*;

/** Sends the updates of cases.json through openapi-generator's Java client, then a dry run and a refused update. */
public final class Try {
  public static void main(String[] arguments) throws Exception {
    var client = new ApiClient();
    client.updateBaseUri(System.getenv("SWITCHBOARD_URL"));
    client.setRequestInterceptor(request -> request.header("Authorization", "Bearer " + System.getenv("SWITCHBOARD_KEY")));
    var api = new AssistantsApi(client);
    var updates =
        List.of(
            new Update().name("Night desk"),
            new Update().phoneNumberId(null).minInterruptWords(null),
            new Update()
                .speechSpeed(new java.math.BigDecimal("1.1"))
                .maxDuration(600)
                .record(false)
                .labelIds(List.of(new Id(1L), new Id(2L)))
                .mode(Update.ModeEnum.PIPELINE),
            new Update()
                .variables(Map.of("customer", "Ana"))
                .vendorOptions(Map.of("autocalls", Map.of("extra", List.of(1)))),
            new Update().tools(tools()));
    for (int index = 0; index < updates.size(); index++) {
      UpdateResult result = api.updateAssistant("autocalls:" + (index + 1), updates.get(index), null, null, null, null, null, null);
      check(!result.getReport().getApplied().isEmpty(), result);
      check(result.getData().getId().getActualInstance().equals(index + 1L), result);
    }
    UpdateResult dry = api.updateAssistant("autocalls:1", new Update().name("Night desk"), true, null, null, null, null, null);
    check(dry.getDryRun() && "Night desk".equals(dry.getRequest().getBody().get("name")), dry);
    try {
      api.updateAssistant("autocalls:1", new Update().speechSpeed(new java.math.BigDecimal("9")), null, null, null, null, null, null);
      throw new AssertionError("a wrong value was not refused");
    } catch (ApiException refused) {
      var problem = ApiClient.createDefaultObjectMapper().readValue(refused.getResponseBody(), Problem.class);
      check(problem.getCode() == Code.VALIDATION_FAILED, problem);
      check(problem.getErrors().get(0).getPointer().equals("#/speech_speed"), problem);
    }
  }

  private static List<Tool> tools() {
    return List.of(
        new Tool(new CallTransferTool().type(CallTransferTool.TypeEnum.CALL_TRANSFER).phoneNumber("+4930123").custom(true).timezone("Europe/Berlin")),
        new Tool(
            new WarmCallTransferTool()
                .type(WarmCallTransferTool.TypeEnum.WARM_CALL_TRANSFER)
                .supervisorPhone("+4930124")
                .outboundPhoneId(12)
                .description("Ask first.")),
        new Tool(new EndCallTool().type(EndCallTool.TypeEnum.END_CALL).description("When all is said.")),
        new Tool(new DtmfInputTool().type(DtmfInputTool.TypeEnum.DTMF_INPUT).description("In menus.")),
        new Tool(new CollectKeypadTool().type(CollectKeypadTool.TypeEnum.COLLECT_KEYPAD).timeout(5).stopKey(CollectKeypadTool.StopKeyEnum.fromValue("#"))),
        new Tool(
            new CalendarIntegrationTool()
                .type(CalendarIntegrationTool.TypeEnum.CALENDAR_INTEGRATION)
                .calendarType(CalendarIntegrationTool.CalendarTypeEnum.CALCOM)
                .calcomApiKey("cal_1")
                .calcomEventSlug("visit")),
        new Tool(new AssistantTransferTool().type(AssistantTransferTool.TypeEnum.ASSISTANT_TRANSFER).assistantId(9)));
  }

  private static void check(boolean holds, Object shown) {
    if (!holds) throw new AssertionError(shown);
  }
}
