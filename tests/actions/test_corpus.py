"""Every flow of ../shared/corpus does what its author meant, against services that stand in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sluiceway.errors import DefinitionError
from sluiceway.models.flow_files import load_flow_bundle
from sluiceway.models.masking import MASK
from tests.flows.stage import Stage

if TYPE_CHECKING:
    from sluiceway.runtime import Run
    from tests.actions.conftest import Services

ROOT = Path(__file__).parents[2]
CORPUS = ROOT.parent / "shared" / "corpus"
FILES = sorted(CORPUS.glob("*.json"))
BROKEN = "marlo_verify_email_stub.json"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not FILES, reason="needs ../shared/corpus, which is not here"),
]


@pytest.fixture
def stage(services: Services) -> Iterator[Stage]:
    with Stage(services) as made:
        yield made


def _ended(run: Run, *names: str) -> Any:
    assert run.succeeded, run.error
    assert [step.id for step in run.steps] == list(names)
    return run.output


def test_kyc_details_go_to_user_metadata(stage: Stage) -> None:
    context = stage.new_user()
    fields = {"first_name": "Ada", "last_name": "Lovelace", "company_name": "Analytical"}
    run = stage.run(CORPUS / "agallery_kyc_collection.json", context=context, fields=fields)

    _ended(run, "update_user_XQPS")
    assert stage.user(context)["user_metadata"] == fields


def test_a_step_that_may_fail_lets_the_flow_end_well(stage: Stage) -> None:
    run = stage.run(CORPUS / "agallery_kyc_collection.json", context={"user": {}}, fields={})

    _ended(run, "update_user_XQPS")
    assert run.steps[0].status == "FAILED"
    assert run.steps[0].error is not None
    assert run.steps[0].error["code"] == "ERR_INVALID_ACTION_PARAMS"


@pytest.mark.parametrize("file", ["agallery_privacy_policy.json", "docs_update_policy.json"])
def test_policies_are_noted_with_their_time(stage: Stage, file: str) -> None:
    context = stage.new_user()

    assert stage.run(CORPUS / file, context=context, fields={"privacy_policies": True}).succeeded
    noted = stage.user(context)["app_metadata"]
    assert noted["privacy_policies"] is True
    assert isinstance(noted["privacy_policies_timestamp"], int)


def test_a_code_travels_by_email_from_one_flow_to_the_next(stage: Stage) -> None:
    context = stage.new_user()
    file = CORPUS / "boxlite_email_verification.json"
    sent = stage.run(file, "BoxLite generate email OTP", context=context)
    (mail,) = stage.mails()

    _ended(sent, "generate_otp", "send_email")
    assert sent.step("generate_otp").output == {"code": MASK}
    assert mail.to == "ada@example.com"
    assert mail.subject == f"{mail.code} is your BoxLite verification code"
    assert mail.code not in json.dumps(sent.record)

    wrong = stage.run(
        file, "#FLOW-2#", context=context, fields={"verification_code": int(mail.code) ^ 1}
    )
    assert _ended(wrong, "verify_otp", "is_otp_valid", "invalid_code_error") == {
        "message": "That verification code is invalid. Check it and try again."
    }
    assert wrong.step("verify_otp").output == {"valid": False, "result": "UNEQUAL"}
    assert stage.user(context)["email_verified"] is False

    # A NUMBER field: the code comes as a number, without its leading zeros.
    right = stage.run(
        file, "#FLOW-2#", context=context, fields={"verification_code": int(mail.code)}
    )
    _ended(right, "verify_otp", "is_otp_valid", "update_user_email_verified")
    assert right.step("is_otp_valid").output == {"result": True}
    assert stage.user(context)["email_verified"] is True

    again = stage.run(file, "#FLOW-2#", context=context, fields={"verification_code": mail.code})
    assert again.step("verify_otp").output == {"valid": False, "result": "MISSING"}


def test_an_api_is_asked(stage: Stage) -> None:
    stage.services.answer("api.example.com", {"plan": "pro"})
    run = stage.run(CORPUS / "cli_fixture_create_flow.json")

    _ended(run, "step_http")
    got = stage.services.last
    assert (got.method, got.host, got.path) == ("GET", "api.example.com", "/enrich")
    output: Any = run.steps[0].output
    assert (output["status"], output["body"]) == (200, {"plan": "pro"})
    assert run.steps[0].status_code == 200


PORTALS = [
    (
        "cli_portal_communication_preferences.json",
        {"communication_preferences": ["email", "sms"]},
        {"app_metadata": {"communication_preferences": ["email", "sms"]}},
    ),
    (
        "cli_portal_personal_info.json",
        {
            "linkedin": "https://x.example/ada",
            "full_name": "Ada Lovelace",
            "job_title": "Countess",
            "date_of_birth": "1815-12-10",
            "mobile_number": {"international_number": "+441234567890"},
        },
        {
            "user_metadata": {
                "linkedin": "https://x.example/ada",
                "full_name": "Ada Lovelace",
                "job_title": "Countess",
                "date_of_birth": "1815-12-10",
                "mobile_number": "+441234567890",
            }
        },
    ),
    (
        "cli_portal_privacy_settings.json",
        {
            "data_sharing": False,
            "location_tracking": True,
            "ad_personalization": False,
            "profile_visibility": True,
        },
        {
            "app_metadata": {
                "data_sharing": False,
                "location_tracking": True,
                "ad_personalization": False,
                "profile_visibility": True,
            }
        },
    ),
]
PROFILES = [
    (file, {"full_name": "Ada"}, {"user_metadata": {"full_name": "Ada"}})
    for file in (
        "deploycli_test_sample_flow.json",
        "deploycli_update_kyc_name.json",
        "tf_provider_example.json",
    )
]
OTHERS = [
    (
        "docs_additional_signup_steps.json",
        {"full_name": "Ada", "job_title": "Countess"},
        {"user_metadata": {"full_name": "Ada", "job_title": "Countess"}},
    ),
    (
        "docs_progressive_profile.json",
        {"company_name": "Analytical", "job_title": "Countess"},
        {"user_metadata": {"company_name": "Analytical", "job_title": "Countess"}},
    ),
    ("tf_cluster_user_details.json", {"full_name": "Ada Lovelace"}, {"name": "Ada Lovelace"}),
    (
        "tf_progressive_profiling.json",
        {"full_name": "Ada", "gender": "f"},
        {"user_metadata": {"full_name": "Ada", "gender": "f"}},
    ),
]


@pytest.mark.parametrize(("file", "fields", "changed"), [*PORTALS, *PROFILES, *OTHERS])
def test_what_a_form_asked_is_kept_with_its_types(
    stage: Stage, file: str, fields: dict[str, Any], changed: dict[str, Any]
) -> None:
    context = stage.new_user()
    run = stage.run(CORPUS / file, context=context, fields=fields)

    assert run.succeeded, run.error
    assert [step.status_code for step in run.steps] == [200]
    assert changed.items() <= stage.user(context).items()


@pytest.mark.parametrize(
    ("code", "output"),
    [("A0-1234567", None), ("A0-7654321", {"message": "The invitation code doesn't exist!"})],
)
def test_an_invitation_is_looked_up_in_the_list(stage: Stage, code: str, output: Any) -> None:
    run = stage.run(
        CORPUS / "labs_invitation_vars.json",
        fields={"YES_OR_NO": True, "INVITATION_CODE": code},
        vars={"INVITATION_LIST": ["A0-0000000", "A0-1234567"]},
    )

    assert run.succeeded
    assert run.output == output
    assert run.step("if_then_condition_kpR2").output == {"result": output is None}


@pytest.mark.parametrize(
    ("language", "subject"),
    [
        ("ja", "MARLÖのメール認証"),
        ("en", "MARLÖ Email Verification"),
        (None, "MARLÖ Email Verification"),
    ],
)
def test_marlo_verifies_an_email_in_the_users_language(
    stage: Stage, language: str | None, subject: str
) -> None:
    metadata = {"user_metadata": {"language": language}} if language else {}
    context = stage.new_user(**metadata)
    context["client"] = {"client_id": "c", "name": "marlo"}
    file = CORPUS / "marlo_email_verification.json"
    sent = stage.run(file, "FLOW-1", context=context)
    assert sent.succeeded, sent.error
    (mail,) = stage.mails()
    assert sent.step("if_then_condition_Sczz").output == {"result": language == "ja"}
    assert mail.subject == subject

    right = stage.run(file, "FLOW-2", context=context, fields={"verification_code": int(mail.code)})
    _ended(right, "verify_otp", "if_then_condition", "update_user")
    user = stage.user(context)
    assert user["email_verified"] is True
    assert user["user_metadata"]["email_verified"] is True


def test_marlo_says_that_a_code_is_wrong(stage: Stage) -> None:
    context = stage.new_user()
    file = CORPUS / "marlo_email_verification.json"
    run = stage.run(file, "FLOW-2", context=context, fields={"verification_code": 123456})

    output = _ended(run, "verify_otp", "if_then_condition", "show_error_message")
    assert run.step("verify_otp").output == {"valid": False, "result": "MISSING"}
    assert output["message"].startswith("We're sorry, your verification code is not valid.")


CONSENTS = {
    "marketing_communication": False,
    "terms_and_privacy": True,
    "health_data_processing": "true",
}
NAMES = {"first_name": "Ada", "last_name": "Lovelace", "first_name_kana": "エイダ"}


@pytest.mark.parametrize("needs_verification", [True, False, None])
def test_marlo_profiles_progressively(stage: Stage, needs_verification: bool | None) -> None:  # noqa: FBT001
    context = stage.new_user()
    link = {"email": "ada@new.example", "needs_verification": needs_verification}
    fields = {**CONSENTS, **NAMES, "last_name_kana": "ラブレス"}
    if needs_verification is not None:
        fields["link_email"] = link  # type: ignore[assignment]
    run = stage.run(
        CORPUS / "marlo_progressive_profiling.json", "FLOW-1", context=context, fields=fields
    )

    assert run.succeeded, run.error
    chosen = "update_user_on_true" if needs_verification else "update_user_on_false"
    assert [step.id for step in run.steps] == ["if_then_condition", chosen]
    user = stage.user(context)
    assert (user["given_name"], user["family_name"]) == ("Ada", "Lovelace")
    assert user["app_metadata"] == {
        "signup_source": "marlo_patient_portal",
        "registration_completed": True,
    }
    metadata = user["user_metadata"]
    assert metadata.get("email") == ("ada@new.example" if needs_verification else None)
    assert metadata["given_name_kana"] == "エイダ"
    consents = metadata["consents"]["marlo_patient_portal"]
    assert {name: one["agreed"] for name, one in consents.items()} == {
        "marketing": False,
        "terms_and_privacy": True,
        "health_data_processing": True,
    }
    assert len({one["timestamp"] for one in consents.values()}) == 1


def test_marlo_verifies_the_email_of_a_line_user(stage: Stage) -> None:
    context = stage.new_user()
    file = CORPUS / "marlo_progressive_profiling.json"
    fields: dict[str, Any] = {
        "email": "ada@new.example",
        "link_email": {"email": "ada@new.example", "needs_verification": True},
    }
    assert stage.run(file, "FLOW-2", context=context, fields=fields).succeeded
    (mail,) = stage.mails()
    assert mail.to == "ada@new.example"

    fields["verification_code"] = int(mail.code)
    run = stage.run(file, "FLOW-3", context=context, fields=fields)
    _ended(run, "verify_otp", "if_then_condition", "update_user")
    metadata = stage.user(context)["user_metadata"]
    assert metadata == {"email": "ada@new.example", "email_verified": True}


def test_the_handwritten_stub_is_refused_with_all_that_is_wrong(stage: Stage) -> None:
    with pytest.raises(DefinitionError, match="SENDGRID/SEND_EMAIL"):
        stage.run(CORPUS / BROKEN, "FLOW-1")
    with pytest.raises(DefinitionError, match="AUTH0/VERIFY_OTP"):
        stage.run(CORPUS / BROKEN, "FLOW-2")


def _flows() -> Iterator[tuple[str, str]]:
    for file in FILES:
        for entry in load_flow_bundle(file).entries:
            yield file.name, entry.token or entry.flow.name


def test_no_flow_of_the_corpus_was_forgotten() -> None:
    source = Path(__file__).read_text(encoding="utf-8")

    assert [file.name for file in FILES if file.name not in source] == []


@pytest.mark.slow
def test_the_command_runs_each_of_them(services: Services, tmp_path: Path) -> None:
    """Each flow by ``sluiceway run``, with input that leads it down its first branch."""
    services.answer("*", {"plan": "pro"})
    context = {"user": {"user_id": "auth0|nobody", "email": "ada@example.com"}}
    fields = {
        "email": "ada@example.com",
        "link_email": {"email": "ada@example.com", "needs_verification": True},
        "verification_code": 123456,
        "INVITATION_CODE": "A0-1234567",
    }
    ended: dict[tuple[str, str], int] = {}
    for file, token in _flows():
        text = (CORPUS / file).read_text(encoding="utf-8")
        path = tmp_path / file
        path.write_text(
            text.replace("https://api.example.com", f"http://127.0.0.1:{services.port}"),
            encoding="utf-8",
        )
        done = subprocess.run(
            [
                *(sys.executable, "-m", "sluiceway", "run", file, "--flow", token),
                *("--connection", "local", "--json"),
                *("--context", json.dumps(context), "--fields", json.dumps(fields)),
                *("--vars", '{"INVITATION_LIST": ["A0-1234567"]}'),
            ],
            cwd=tmp_path,
            env={**os.environ, "SLUICEWAY_ALLOW_HOSTS": "127.0.0.1"},
            capture_output=True,
            text=True,
            check=False,
        )
        ended[file, token] = done.returncode
        if file != BROKEN:
            assert json.loads(done.stdout)["status"] == "COMPLETED", (file, done.stderr)
        assert "Traceback" not in done.stderr
    assert {key for key, status in ended.items() if status} == {
        key for key in ended if key[0] == BROKEN
    }
