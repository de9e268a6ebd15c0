"""What counts as evidence that AI wrote a commit or a line, and what must not."""

import csv
import shutil
import subprocess
import sys
import time
import zipfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipworthy.contract import VOCABULARY
from shipworthy.errors import ShipworthyError
from shipworthy.git.catalog import Catalog, CommitAttribution, attribute_commit
from shipworthy.git.messages import (
    is_fix,
    parse_incident_id,
    parse_merged_branch,
    parse_pull_request_number,
    parse_reverts,
)
from shipworthy.git.note_formats import (
    AttestedRange,
    TraceRange,
    parse_agent_trace,
    parse_git_ai_note,
)
from shipworthy.git.reference import seed_path
from shipworthy.git.unlisted import find_unlisted

DATA = Path(__file__).parents[1] / "data" / "attribution"
ROOT = Path(__file__).parents[3]
SEEDS = ROOT / "seeds" / "reference"

ALICE = ("Alice Ng", "alice@example.com")
GITHUB = ("GitHub", "noreply@github.com")
UNTAGGED = CommitAttribution("human", "untagged", None, None)
AUTOMATION = CommitAttribution("automation", "automation", None, "author")
CLAUDE_LINE = "Co-Authored-By: Claude Opus 4.6 (1M context) <noreply@anthropic.com>"


def attribute(message="feat: x", author=ALICE, committer=None):
    return attribute_commit(*author, *(committer or author), message, Catalog.load())


def by_trailer(tool):
    return CommitAttribution("human", "ai", tool, "trailer")


def by_agent(tool):
    return CommitAttribution("agent", "ai", tool, "author")


# ------------------------------------------------------------------------------ commits


@pytest.mark.parametrize(
    ("email", "tool"),
    [
        ("noreply@anthropic.com", "claude"),
        ("NoReply@Anthropic.com", "claude"),
        ("41898282+claude[bot]@users.noreply.github.com", "claude"),
        ("209825114+claude[bot]@users.noreply.github.com", "claude"),
        ("claude[bot]@users.noreply.github.com", "claude"),
        ("198982749+Copilot@users.noreply.github.com", "copilot"),
        ("223556219+Copilot@users.noreply.github.com", "copilot"),
        ("cursoragent@cursor.com", "cursor"),
        ("158243242+devin-ai-integration[bot]@users.noreply.github.com", "devin"),
        ("161369871+google-labs-jules[bot]@users.noreply.github.com", "jules"),
        ("codex@openai.com", "codex"),
        ("noreply@openai.com", "codex"),
        ("138933559+factory-droid[bot]@users.noreply.github.com", "factory-droid"),
        ("roomote@roocode.com", "roo"),
        ("136622811+coderabbitai[bot]@users.noreply.github.com", "coderabbit"),
    ],
)
def test_an_agents_account_is_the_best_evidence(email, tool):
    assert attribute(author=("Any Name", email)) == by_agent(tool)
    assert attribute("x\n\nCo-authored-by: Bob Ruiz <bob@example.com>", ("A", email)) == by_agent(
        tool
    )


@pytest.mark.parametrize(
    ("lines", "tool"),
    [
        (CLAUDE_LINE, "claude"),
        ("co-authored-by: <noreply@anthropic.com>", "claude"),
        ("Co-Authored-By: Claude Code\n <noreply@anthropic.com>", "claude"),
        ("Claude-Session: https://claude.ai/code/session_0", "claude"),
        ("🤖 Generated with [Claude Code](https://claude.com/claude-code)", "claude"),
        ("Generated with [Claude Code]", "claude"),
        ("Co-authored-by: Copilot <223556219+Copilot@users.noreply.github.com>", "copilot"),
        ("Co-authored-by: Copilot <198982749+Copilot@users.noreply.github.com>", "copilot"),
        ("Copilot-Session: 5f0c1b9e-8b0a-4a7d-9f2e-0a8c1f4f7a11", "copilot"),
        ("Made-with: Cursor", "cursor"),
        ("Co-authored-by: Cursor <cursoragent@cursor.com>", "cursor"),
        ("Co-authored-by: aider (gpt-5.2-codex) <noreply@aider.chat>", "aider"),
        ("Co-authored-by: aider (x) <noreply@aider.dev>", "aider"),
        ("Amp-Thread-ID: https://ampcode.com/threads/T-0", "amp"),
        ("Co-authored-by: Amp <amp@ampcode.com>", "amp"),
        ("Assisted-by: GLM-5 via Crush <crush@charm.land>", "crush"),
        ("Assisted-by: Crush:glm-5.2", "crush"),
        ("Assisted-by: Claude:claude-opus-4-7 coccinelle sparse", "claude"),
        ("Assisted-by: Claude", "claude"),
        ("Assisted-by: GitHub Copilot", "copilot"),
        ("Assisted-by: Crush:AWS Claude Opus 4.5", "crush"),
        ("Assisted-by: Crush:auto", "crush"),
        ("Assisted-by: Crush (glm-5-turbo)", "crush"),
        ("Assisted-by: ClaudeCode:claude-fable-5", "claude"),
        ("Co-Authored-By: termai <noreply@termai.io>", "opencode"),
        ("Assisted-by: Claude Sonnet 4.5 via Crush", "crush"),
        ("Assisted-by: Claude via Crush", "crush"),
        ("Assisted-by: openai/gpt-5.2 via Crush (modified ver.)", "crush"),
        ("Assisted-by: x-2 via Claude Code", "claude"),
        ("Assisted-by: Claude Opus 4.7", "claude"),
        ("Assisted-by: Opus 4.7", "unknown-ai"),
        ("Assisted-by: Homegrown:llm-3", "unknown-ai"),
        ("Generated-by: Gemini CLI", "gemini"),
        ("💘 Generated with Crush", "crush"),
        ("   💘 Generated with Crush", "crush"),
        ("🐈\u200d⬛ Generated with [Crush](https://example.com)", "crush"),
        ("🤖 Generated with Claude Code", "claude"),
        ("Co-authored-by: OpenCode <noreply@opencode.ai>", "opencode"),
        ("Co-authored-by: OpenCode noreply@opencode.ai", "opencode"),
        ("Co-authored-by: Copilot <copilot@github.com>", "copilot"),
        ("Co-authored-by: openhands <openhands@all-hands.dev>", "openhands"),
        ("Co-Authored-By: Warp <agent@warp.dev>", "warp"),
        ("Co-Authored-By: Oz <oz-agent@warp.dev>", "warp"),
        ("Co-authored-by: Junie <junie@jetbrains.com>", "junie"),
        ("Co-authored-by: Qwen-Coder <qwen-coder@alibabacloud.com>", "qwen-code"),
        ("Co-authored-by: Gemini <noreply@google.com>", "gemini"),
        ("Co-authored-by: Amazon Q <noreply@aws.amazon.com>", "amazon-q"),
        ("Co-authored-by: Kiro Agent <244629292+kiro-agent@users.noreply.github.com>", "kiro"),
        ("Co-authored-by: Windsurf <noreply@windsurf.com>", "windsurf"),
        ("Co-authored-by: v0[bot] <v0[bot]@users.noreply.github.com>", "v0"),
        ("X-Lovable-Edit-ID: edt-0", "lovable"),
        ("Replit-Commit-Author: Agent", "replit"),
        ("    Assisted-by: Crush:kimi-k2.6", "crush"),
        ("\tCo-authored-by: Ann <ann@example.com>\n\tAssisted-by: Claude Code", "claude"),
        ("Assisted-by: Claude, coccinelle", "claude"),
        ("AI-assisted-by: Claude Code", "claude"),
        ("Co-developed-by: Codex", "codex"),
        ("Generated with [Devin](https://devin.ai)", "devin"),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_trailers_and_markers_count_anywhere_in_the_body(lines, tool, newline):
    last = f"feat: x\n\n{lines}\nSigned-off-by: Alice Ng <alice@example.com>\n"
    middle = f"feat: x (#3)\n\n* first\n\n{lines}\n\n* second\n\nNothing more.\n"
    for message in (last, middle):
        assert attribute(message.replace("\n", newline)) == by_trailer(tool)


@pytest.mark.parametrize(
    "author",
    [
        ("Codex", "codex@example.com"),
        ("Claude Dubois", "claude.dubois@example.com"),
        ("Claude", "claude@example.com"),
        ("Travis Cline", "travis.cline@example.com"),
        ("Devin AI", "devin@example.com"),
        ("Copilot", "copilot@example.com"),
        ("Kim", "kim@startup.ai"),
        ("Kim", "noreply@anthropic.com.example.com"),
        ("Kim", "xnoreply@anthropic.com"),
        ("Kim", "123+kim@users.noreply.github.com"),
        ("Kim", "123+claude@users.noreply.github.com"),
        ("claude[bot]", "kim@example.com"),
        ("Ada (raider)", "ada@example.com"),
        ("aider", "ada@example.com"),
        ("", ""),
    ],
)
def test_names_and_lookalikes_are_no_evidence(author):
    assert attribute(author=author) == UNTAGGED


@pytest.mark.parametrize(
    "message",
    [
        "raider: join the party",
        "feat: say aider: in the help",
        "aider",
        "docs: explain Co-Authored-By: Claude <noreply@anthropic.com> trailers",
        "docs: x\n\n> Co-Authored-By: Claude <noreply@anthropic.com>\n",
        "x\n\nCo-Authored-By: Claude\n",
        "x\n\nCo-Authored-By: Codex <codex@example.com>\n",
        "x\n\nCo-authored-by: Claude Dubois <claude.dubois@example.com>\n",
        "x\n\nReviewed-by: Claude <noreply@anthropic.com>\n",
        "x\n\nAssisted-by: Jane Doe <jane@example.com>\n",
        "x\n\nAssisted-by: Jane\n",
        "x\n\nAssisted-by: note: see the wiki\n",
        "x\n\nAssisted-by: https://example.com/2\n",
        "x\n\nGenerated-by: protoc:3.21\n",
        "x\n\nMade-with: Love\n",
        "x\n\nClaude-Session:\n",
        "x\n\nThis file was Generated with [Claude Code] once.\n",
        "x\n\nGenerated with Crushed-ice\n",
        "x\n\nGenerated with Crush line, including validation.\n",
        "x\n\nRegenerated with Crush\n",
        "x\n\nAssisted-by: Claude Dubois\n",
        "x\n\nAI-assisted-by: no\n",
        "x\n\nAI-generated-by: Jane\n",
        "x\n\nReplit-Commit-Author: Deployment\n",
        "x\n\nCo-developed-by: Claude Dubois <claude@example.com>\n",
        "x\n\nAssisted-by:\n",
        "x\n\nGenerated-by: Coccinelle 1.1\n",
        "build(deps): bump @openai/codex from 0.117.0 to 0.118.0",
    ],
)
def test_mentions_are_no_evidence(message):
    assert attribute(message) == UNTAGGED


@pytest.mark.parametrize(
    "reviewer",
    [
        "Copilot <175728472+Copilot@users.noreply.github.com>",
        "gemini-code-assist[bot] <176961590+gemini-code-assist[bot]@users.noreply.github.com>",
        "coderabbitai[bot] <136622811+coderabbitai[bot]@users.noreply.github.com>",
        "x <62310815+github-advanced-security[bot]@users.noreply.github.com>",
        "x <223894421+github-code-quality[bot]@users.noreply.github.com>",
        "dependabot[bot] <49699333+dependabot[bot]@users.noreply.github.com>",
        "pre-commit-ci[bot] <66853113+pre-commit-ci[bot]@users.noreply.github.com>",
    ],
)
def test_a_review_bot_or_automation_as_co_author_is_no_evidence(reviewer):
    message = f"feat: x (#7)\n\nCo-authored-by: {reviewer}\n"
    assert attribute(message) == UNTAGGED
    assert attribute(f"{message}{CLAUDE_LINE}\n") == by_trailer("claude")


@pytest.mark.parametrize(
    "email",
    [
        "49699333+dependabot[bot]@users.noreply.github.com",
        "29139614+renovate[bot]@users.noreply.github.com",
        "66853113+pre-commit-ci[bot]@users.noreply.github.com",
        "bot@renovateapp.com",
    ],
)
def test_bots_are_automation_whatever_they_say(email):
    for message in ("bump @openai/codex to 0.118.0", f"x\n\n{CLAUDE_LINE}\n"):
        assert attribute(message, ("bot", email)) == AUTOMATION


@pytest.mark.parametrize(
    "email",
    [
        "41898282+github-actions[bot]@users.noreply.github.com",
        "github-actions[bot]@users.noreply.github.com",
        "action@github.com",
        "1+some-app-nobody-knows[bot]@users.noreply.github.com",
        "project_7_bot_0f3a@noreply.gitlab.example.com",
    ],
)
def test_an_agent_may_commit_under_a_machines_account(email):
    assert attribute("bump @openai/codex to 0.118.0", ("bot", email)) == AUTOMATION
    assert attribute(f"x\n\n{CLAUDE_LINE}\n", ("bot", email)) == CommitAttribution(
        "automation", "ai", "claude", "trailer"
    )


def test_aider_marks_the_authors_name():
    expected = CommitAttribution("human", "ai", "aider", "author")
    assert attribute(author=("Carol Okoye (aider)", "carol@example.com")) == expected
    # As committer only, aider committed what Carol had written.
    committer = ("Carol Okoye (aider)", "carol@example.com")
    assert attribute(author=("Carol Okoye", "carol@example.com"), committer=committer) == UNTAGGED


def test_aider_begins_its_subjects():
    assert attribute("aider: add the cart") == by_trailer("aider")
    assert attribute(f"Aider: add the cart\n\n{CLAUDE_LINE}") == by_trailer("claude")


@pytest.mark.parametrize(
    ("author", "message", "unlisted"),
    [
        (("x", "7+acme-sync[bot]@users.noreply.github.com"), "x",
         ("unlisted_bot", "acme-sync[bot]")),
        (("acme-sync[bot]", "ops@acme.example"), "x", ("unlisted_bot", "acme-sync[bot]")),
        (("Release", "release-bot@acme.example"), "x",
         ("unlisted_bot", "release-bot@acme.example")),
        (("K", "kim.roe+bot@acme.example"), "x", ("unlisted_bot", "*@acme.example")),
        (ALICE, "x\n\nCo-authored-by: Nimbus <noreply@nimbus.example>",
         ("unlisted_tool", "Co-authored-by: <noreply@nimbus.example>")),
        (ALICE, "x\n\nCo-authored-by: Codex <codex@example.com>",
         ("unlisted_tool", "Co-authored-by: codex")),
        (ALICE, "x\n\nCo-authored-by: Claude", ("unlisted_tool", "Co-authored-by: claude")),
        (ALICE, "x\n\nAssisted-by: Nimbus:n-3", ("unlisted_tool", "Assisted-by: nimbus:n-3")),
        (ALICE, "x\n\nAssisted-by: Jane", ("unlisted_tool", "Assisted-by")),
        (ALICE, "x\n\nGenerated-by: protoc 25.1", ("unlisted_tool", "Generated-by: protoc 25.1")),
        (ALICE, "x\n\nAI-model: nimbus-3", ("unlisted_tool", "Ai-model")),
        (ALICE, "x\n\nNimbus-Session: 5f0c", ("unlisted_tool", "Nimbus-session")),
        (ALICE, "x\n\n🤖 Generated with [Nimbus](https://nimbus.example)",
         ("unlisted_tool", "generated with [nimbus]")),
    ],
)  # fmt: skip
def test_what_the_catalogue_does_not_know_is_said(author, message, unlisted):
    catalog = Catalog.load()
    attribution = attribute(message, author)
    assert find_unlisted(*author, message, attribution, catalog) == (unlisted,)


@pytest.mark.parametrize(
    ("author", "message"),
    [
        (ALICE, f"x\n\n{CLAUDE_LINE}\nGenerated-by: protoc 3"),
        (ALICE, "x\n\nCo-authored-by: Dana Abbot <dana.abbot@example.com>"),
        (ALICE, "x\n\nCo-authored-by: Kim Bot <kim.bot@example.com>"),
        (ALICE, "x\n\nCo-authored-by: Jan <8+jan-bot@users.noreply.github.com>"),
        (ALICE, "x\n\nCo-authored-by: Jane Doe"),
        (ALICE, "x\n\nAssisted-by: Jane Doe <jane@example.com>"),
        (ALICE, "x\n\nAI-assisted: no"),
        (ALICE, "x\n\nReviewed-by: Nimbus <noreply@nimbus.example>"),
        (ALICE, "x\n\nCo-authored-by: x <1+coderabbitai[bot]@users.noreply.github.com>"),
        (("Kim Bot", "kim.bot@example.com"), "x"),
        (("dependabot[bot]", "49699333+dependabot[bot]@users.noreply.github.com"), "x"),
    ],
)
def test_people_and_what_is_known_are_not_named(author, message):
    assert find_unlisted(*author, message, attribute(message, author), Catalog.load()) == ()


@pytest.mark.parametrize(
    "message",
    [
        "x\n\nCo-authored-by: " + "a" * 30_000,
        "x\n\nCo-authored-by: <" + "a@" * 15_000,
        "x\n\nCo-authored-by: " + "@" * 30_000,
        "x\n\nCo-authored-by: x\n" + " y\n" * 10_000,
        "x\n\n" + "Co-authored-by: x\n" * 2_000,
        "x\n\n" + " " * 30_000 + "Co-authored-by:",
        "\u3000" * 30_000 + "x",
        "🤖" * 30_000,
        "fix" + "(" * 30_000,
        "Merge " + " into" * 6_000 + " hotfix",
        'Revert "' * 4_000,
        "(#1)" + " " * 30_000 + "x",
        "This reverts commit " * 2_000,
        "This reverts commits " + "abcdef1, " * 4_000,
        "Reverts " + "#1, " * 8_000,
        "x\n\nSee merge request " + "!" * 30_000,
        "x\n\nAssisted-by: " + "via " * 8_000,
        "x\n\nAI-" + "a-" * 15_000,
        "x\n\n" + "\n \t" * 10_000,
        "INC-" * 8_000,
    ],
)
def test_no_message_takes_long(message):
    start = time.process_time()
    attribution = attribute(message)
    find_unlisted(*ALICE, message, attribution, Catalog.load())
    parse_pull_request_number(message, True)
    parse_pull_request_number(message, False)
    parse_reverts(message, "acme/shop")
    is_fix(message)
    parse_incident_id(message)
    assert time.process_time() - start < 1


def test_committers_are_no_evidence():
    for committer in (GITHUB, ("Claude", "noreply@anthropic.com")):
        assert attribute(committer=committer) == UNTAGGED


def test_the_first_trailer_counts():
    copilot = "Co-authored-by: Copilot <223556219+Copilot@users.noreply.github.com>"
    assert attribute(f"x\n\n{CLAUDE_LINE}\n{copilot}") == by_trailer("claude")
    assert attribute(f"x\n\n{copilot}\n{CLAUDE_LINE}") == by_trailer("copilot")


def test_logins_and_addresses_have_a_kind():
    catalog = Catalog.load()
    assert catalog.login_kind("Copilot") == "agent"
    assert catalog.login_kind("coderabbitai[bot]") == "agent"
    assert catalog.login_kind("dependabot[bot]") == "automation"
    assert catalog.login_kind("alice") == "human"
    assert catalog.author_kind("noreply@anthropic.com") == "agent"
    assert catalog.author_kind("alice@example.com") == "human"


@pytest.mark.parametrize(
    ("text", "labels", "branch", "tool"),
    [
        ("", [], "copilot/add-zones", "copilot"),
        ("", [], "Codex/fix-tax", "codex"),
        ("", [], "jules-1234567890", "jules"),
        ("", [], "jules-fixes-it", None),  # a person
        ("", [], "feature/claude/x", None),
        ("", ["Claude-Code-Assisted"], "alice/pay", "claude"),
        ("Rules.\r\n\r\n🤖 Generated with [Claude Code](x)\r\n", [], "x", "claude"),
        ("Summary\n\nhttps://chatgpt.com/codex/tasks/task_e_1", [], "x", "codex"),
        ("*PR created automatically by Jules for task [1](x)*", [], "claude/x", "jules"),
        ("how claude/ and codex/ branches are named", ["ai"], "main", None),
    ],
)
def test_a_request_can_name_its_tool(text, labels, branch, tool):
    assert Catalog.load().tool_of_request(text, labels, branch) == tool


def test_attributing_is_fast():
    message = "refactor: a subject\n\n" + "A line of a body of usual length, no hint.\n" * 10
    attribute(message)
    start = time.process_time()
    for _ in range(2000):
        attribute(message)
    assert (time.process_time() - start) / 2000 < 15e-6 * 4  # four times the target: slow machines


@given(st.text(), st.text(), st.text())
def test_any_text_can_be_attributed(name, email, message):
    found = attribute(message, (name, email))
    assert found.authorship in VOCABULARY["commits", "authorship"]
    parse_pull_request_number(message, True)
    parse_reverts(message, "acme/shop")
    is_fix(message)
    parse_incident_id(message)


# ----------------------------------------------------------------------------- the seed


def test_python_and_dbt_read_one_file():
    for name in ("shipworthy__known_agents", "shipworthy__path_patterns"):
        assert seed_path(name, "NO_VARIABLE") == SEEDS / f"{name}.csv"
        assert [path.name for path in (ROOT / "python").rglob(f"{name}.csv")] == []


def test_a_wheel_holds_the_seeds(tmp_path):
    for name in ("setup.py", "MANIFEST.in", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    for name in ("python", "seeds"):
        shutil.copytree(ROOT / name, tmp_path / name)
    build = "from setuptools import build_meta; build_meta.build_wheel('dist')"
    subprocess.run([sys.executable, "-c", build], cwd=tmp_path, check=True, capture_output=True)
    with zipfile.ZipFile(next((tmp_path / "dist").glob("*.whl"))) as wheel:
        for seed in SEEDS.glob("*.csv"):
            assert wheel.read(f"shipworthy/reference/{seed.name}") == seed.read_bytes()


def test_no_row_of_a_seed_hides_another():
    with (SEEDS / "shipworthy__known_agents.csv").open(encoding="utf-8", newline="") as file:
        agents = [(row["match_on"], row["value"].lower()) for row in csv.DictReader(file)]
    with (SEEDS / "shipworthy__path_patterns.csv").open(encoding="utf-8", newline="") as file:
        patterns = [row["pattern"] for row in csv.DictReader(file)]
    assert len(agents) == len(set(agents))
    assert len(patterns) == len(set(patterns))


HEADER = "match_on,value,author_kind,ai_tool,counts_as_coauthor,note\n"


def test_users_can_bring_their_own_agents(tmp_path, monkeypatch):
    own = tmp_path / "agents.csv"
    own.write_text(HEADER + "email,robot@example.com,agent,robot,true,ours\n")
    monkeypatch.setenv("SHIPWORTHY_KNOWN_AGENTS", str(own))
    assert attribute(author=("R", "robot@example.com")) == by_agent("robot")
    assert attribute(f"x\n\n{CLAUDE_LINE}") == UNTAGGED


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a,b\n", "must have the columns match_on"),
        (HEADER + "mail,x@example.com,agent,x,true,\n", "line 2: match_on is 'mail'"),
        (HEADER + "email,,agent,x,true,\n", "line 2: value is empty"),
        (HEADER + "email,x@example.com,robot,x,true,\n", "line 2: author_kind is 'robot'"),
        (HEADER + "trailer_key,X-Session,,,,\n", "line 2: ai_tool is empty"),
        (HEADER + "branch,robot/*,,,,\n", "line 2: ai_tool is empty"),
        (HEADER + "email,x@example.com\n", "line 2: the row does not have 6 values"),
        (None, "cannot be read: No such file"),
    ],
)
def test_a_broken_catalogue_is_told_in_one_sentence(tmp_path, text, sentence):
    path = tmp_path / "agents.csv"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ShipworthyError, match=sentence):
        Catalog.load(path)


# ------------------------------------------------------------------------------ messages


@pytest.mark.parametrize(
    ("message", "is_merge", "number"),
    [
        ("feat: x (#12)", False, 12),
        ("feat: x (#12)\n\nbody (#13)", False, 12),
        ("fix: x (#12) (#13)", False, 13),
        ('Revert "feat: x (#12)"', False, None),
        ('Revert "feat: x (#12)" (#14)', False, 14),
        ('Revert "feat: x (#12)" (#14)\n\nReverts acme/shop#12', False, 14),
        ("Merge pull request #12 from acme/topic", True, 12),
        ("Merge pull request #12 from acme/topic (#9)", True, 12),
        ("Merge pull request #12 from acme/topic (#15)", False, 15),
        ('Revert "Merge pull request #12 from acme/topic"', False, None),
        ("Merge branch 'x' into 'main'\n\ntitle\n\nSee merge request group/sub/proj!12", True, 12),
        ("Merge branch 'x'\r\n\r\nSee merge request !7\r\n", True, 7),
        ("Merged in topic (pull request #12)", True, 12),
        ("Pull request #12: title", True, 12),
        ("Merged PR 12: title", False, 12),
        ("see #12", False, None),
        ("feat: x (#12) and more", False, None),
        ("feat: x (#0)", False, None),
        ("feat: x (#12345678901234567890)", False, None),
        ("Merge branch 'main' into topic", True, None),
        ("", False, None),
    ],
)
def test_the_request_that_a_commit_lands(message, is_merge, number):
    assert parse_pull_request_number(message, is_merge) == number


SHA = "2b380acf02de244ed057bab87d0d2923369edf89"


@pytest.mark.parametrize(
    ("message", "references"),
    [
        (f'Revert "x"\n\nThis reverts commit {SHA}.', [SHA]),
        (f'Revert "x"\n\nThis reverts commit\n{SHA}.\n', [SHA]),
        (f"x\n\n* This reverts commit {SHA.upper()}", [SHA]),
        (f"x\n\nThis reverts commit {SHA}, reversing\nchanges made to {SHA[::-1]}.", [SHA]),
        ('Revert "x"\n\nThis reverts commit 2b380ac ("x", 2026-05-08).', ["2b380ac"]),
        (
            "x\n\nThis reverts commit aaaaaaa.\n\nThis reverts commit bbbbbbb.\n",
            ["aaaaaaa", "bbbbbbb"],
        ),
        (
            "x\n\nThis reverts commits aaaaaaa, bbbbbbb and ccccccc.",
            ["aaaaaaa", "bbbbbbb", "ccccccc"],
        ),
        ("x\n\nThis reverts commits:\n- aaaaaaa\n- bbbbbbb\n", ["aaaaaaa", "bbbbbbb"]),
        (f"x\n\nThis reverts commit {SHA}.\nThis reverts commit {SHA}.", [SHA]),
        (f"x\n\nThis reverts commit {SHA}{SHA[:24]}.", [SHA + SHA[:24]]),
        (f'Reapply "x"\n\nThis reverts commit {SHA}.', [SHA]),
        ("Revert 2b380ac", ["2b380ac"]),
        ("Revert commit deadbee", ["deadbee"]),
        ("Backed out changeset 2b380acf02de", ["2b380acf02de"]),
        ("revert: feat: x\n\nRefs: 676104e, a215868", ["676104e", "a215868"]),
        ("feat: x\n\nRefs: 676104e", []),
        ('Revert "x" (#13)\n\nReverts acme/shop#12', ["#12"]),
        ('Revert "x" (#13)\n\nReverts Acme/Shop#12 and #11', ["#12", "#11"]),
        ('Revert "x" (#13)\n\nReverts old-owner/shop#12', ["#12"]),
        ('Revert "x" (#13)\n\nReverts acme/other#12', []),
        ("x\n\nReverts https://github.com/acme/shop/pull/12", ["#12"]),
        ("x\n\nReverts https://gitlab.example.com/acme/shop/-/merge_requests/12", ["#12"]),
        ("x\n\nReverts https://github.com/acme/other/pull/12", []),
        ('Revert "x"\n\nThis reverts merge request !12', ["#12"]),
        ('Revert "x"\n\nThis reverts merge request acme/shop!12', ["#12"]),
        ("x\n\nThis reverts pull request #12.", ["#12"]),
        ("x\n\nReverts !12", ["#12"]),
        ("x\n\nReverts PR #12.", ["#12"]),
        ('Revert "feat: x (#12)"', ["#12"]),
        ('Revert "feat: x (#12)" (#14)', ["#12"]),
        ("Revert 'feat: x (#12)' (#14)", ["#12"]),
        ('Revert "Revert "feat: x (#12)" (#14)" (#15)', ["#14"]),
        ('Revert "Revert "feat: x (#12)"" (#15)', []),
        ('Revert "feat: x" (#14)', []),
        ('Reapply "feat: x (#12)" (#14)', []),
        ('Revert "Merge pull request #12 from acme/topic"', ["#12"]),
        ('Revert "Merge pull request #12 in SHOP/web from topic to main"', ["#12"]),
        ('Revert "Merged in topic (pull request #12)"', ["#12"]),
        ('Revert "feat: x (pull request #12)"', ["#12"]),
        ('Merged PR 15: Revert "Merged PR 12: feat: x"', ["#12"]),
        ('Pull request #15: Revert "Pull request #12: feat: x"', ["#12"]),
        ("Merge pull request #15 from acme/revert-12-topic\n\nRevert \"feat: x\"", ["#12"]),
        ("Merge branch 'revert-1a2b3c4d' into 'main'\n\nRevert \"x\"\n", ["1a2b3c4d"]),
        ("Merged in revert-pr-12 (pull request #15)", ["#12"]),
        ('Merge pull request #15 from acme/back\n\nRevert "feat: x (#12)"', ["#12"]),
        ("Merge branch 'main' into revert-12-topic", []),
        (f'Revert "feat: x (#12)"\n\nThis reverts commit {SHA}.', [SHA]),
        ("Revert 'x'\n\nReverted commit `1a2b3c4d`.", ["1a2b3c4d"]),
        ("x\n\nThis commit reverts 2b380ac and \"676104e\".", ["2b380ac", "676104e"]),
        ("x\n\nThis PR reverts #12", ["#12"]),
        (f"x\n\n(This reverts commit {SHA})", [SHA]),
        (f"x\n\nReverts https://github.com/acme/shop/commit/{SHA}", [SHA]),
        ("x\n\nReverts https://gitlab.com/acme/web/shop/-/commit/2b380ac", ["2b380ac"]),
        (f"x\n\nReverts https://github.com/acme/other/commit/{SHA}", []),
        (f"x\n\nThis reverts commit acme/shop@{SHA}", [SHA]),
        (f"x\n\nThis reverts commit acme/other@{SHA}", []),
        ("revert: feat: x (#12) (#14)", ["#12"]),
        ("Revert feat: x (#12) (#14)", ["#12"]),
        ("revert(cart)!: feat: x (#14)", []),
        ("Reverted the colours of (#12) (#14)", []),
        ("x\n\nReverted 2b380ac by hand, and back again", []),
        ("x\n\nThis reverts commit 12.", []),
        ("x\n\nThis reverts commit message handling.", []),
        ("x\n\nReverts defaced pages", []),
        (f"x\n\nThis partially reverts commit {SHA}.", []),
        (f"x\n\nUnlike the first try, this reverts commit {SHA}", []),
        (f"x\n\n> This reverts commit {SHA}", []),
        ("x\n\nReverts the change of #12", []),
        ("x\n\nReverts #12\n\n#13 is another story", ["#12"]),
        ("", []),
    ],
)  # fmt: skip
def test_what_a_message_reverts(message, references):
    assert parse_reverts(message, "acme/shop") == tuple(references)


@pytest.mark.parametrize(
    "message",
    [
        "fix: rounding",
        "Fix: rounding",
        "fix(cart): rounding",
        "fix(cart)!: rounding",
        "fix!: rounding",
        "bugfix: rounding",
        "hotfix: rounding",
        "hotfix rounding",
        "[hotfix] rounding",
        "🐛 fix: rounding",
        ":bug: fix: rounding",
        "Merge pull request #3 from acme/hotfix/rounding",
        "Merge branch 'hotfix-rounding' into 'main'",
        "Merged in hotfix/rounding (pull request #12)",
        "Merged in topic (pull request #12)\n\nfix: rounding\n",
        "Merge pull request #3 from acme/topic\n\nfix: rounding\n",
        "Merged PR 12: fix: rounding",
        "Pull request #12: fix(cart): rounding",
    ],
)
def test_a_fix(message):
    assert is_fix(message)


@pytest.mark.parametrize(
    "message",
    [
        "fixture: add carts",
        "prefix: rename",
        "suffix fix: no",
        "test: fix: no",
        "fixup! feat: x",
        "fix the docs",
        "fixes: #12",
        "feat: x\n\nfix: rounding",
        'Revert "fix: rounding"',
        'Revert "hotfix: rounding"',
        "docs: describe the hotfix process",
        "hotfixes: a list",
        "hotfix-tool: release",
        "Merge branch 'main' into hotfix/rounding",
        "Merge pull request #3 from acme/prefix/x\n\nfeat: x",
        "",
    ],
)
def test_not_a_fix(message):
    assert not is_fix(message)


@pytest.mark.parametrize(
    ("message", "branch"),
    [
        ("Merge branch 'hotfix/1.2.1'", "hotfix/1.2.1"),
        ("Merge branch 'hotfix/1.2.1' into develop\n\n* hotfix/1.2.1:", "hotfix/1.2.1"),
        ("Merge branch 'login' into 'main'\n\nSee merge request acme/shop!12", "login"),
        ("Merge branch 'main' of example.com:acme/shop", "main"),
        ("Merge branch 'main' into hotfix/rounding", "main"),
        ("Merge branches 'hotfix/a' and 'feature/b'", "hotfix/a"),
        ("Merge remote-tracking branch 'origin/hotfix/a'", "hotfix/a"),
        ("Merge remote-tracking branches 'origin/a' and 'origin/b'", "a"),
        ("Merge pull request #12 from ada/hotfix/login\n\nCorrect rounding", "hotfix/login"),
        ("Merge pull request #12 in SHOP/web from hotfix/login to main", "hotfix/login"),
        ("Merged in hotfix/login (pull request #12)\n\nCorrect rounding", "hotfix/login"),
        ("Merge pull request 'Correct rounding' (#12) from hotfix/login into main", "hotfix/login"),
        ("Merged PR 12: Correct rounding", None),
        ("Merge tag 'v1.2'", None),
        ("Merge commit '1a2b3c4d'", None),
        ("Merge the docs of hotfix/login", None),
        ("Tell how to merge: Merge branch 'hotfix/a'", None),
        ("Merge branch 'hot\x1bfix'", None),
        ("Merge branch 'hot\udcfffix'", None),
        (f"Merge branch '{'a' * 256}'", None),
        ("", None),
    ],
)
def test_the_branch_that_a_merge_names(message, branch):
    assert parse_merged_branch(message) == branch


@pytest.mark.parametrize(
    ("message", "incident"),
    [
        ("fix: rounding (INC-101)", "INC-101"),
        ("fix: rounding\n\nCloses INC-7 and INC-8.", "INC-7"),
        ("fix: x\n\nINC0010023", "INC0010023"),
        ('Revert "fix: x (INC-101)"\n\nIt caused INC-102.', "INC-102"),
        ('Revert "fix: x (INC-101)"', None),
        ("inc-1 the counter", None),
        ("PRINC-101 VINC-1", None),
        ("INC-x", None),
        ("", None),
    ],
)
def test_the_incident_that_a_message_names(message, incident):
    assert parse_incident_id(message) == incident


# --------------------------------------------------------------------------- Git AI notes


def test_a_note_with_sessions():
    note = (DATA / "git_ai_note_sessions.txt").read_bytes()
    assert parse_git_ai_note(note) == [
        AttestedRange(b"src/cart.py", 21, 26, "ai", "cursor"),
        AttestedRange(b"src/cart.py", 27, 30, "human", None),
        AttestedRange(b"src/my file.py", 1, 1, "ai", "cursor"),
        AttestedRange(b"src/my file.py", 3, 5, "ai", "cursor"),
    ]


def test_a_legacy_note_with_a_key_that_it_does_not_resolve():
    ignored = Counter()
    note = (DATA / "git_ai_note_legacy.txt").read_bytes()
    assert parse_git_ai_note(note, ignored) == [
        AttestedRange(b"src/pay.py", 1, 20, "ai", "claude"),
        AttestedRange(b"src/pay.py", 21, 30, "ai", "unknown-ai"),
    ]
    assert ignored == {"key": 1}


@pytest.mark.parametrize(
    ("note", "ranges", "ignored"),
    [
        (b"", [], {}),
        (b"---\n{}", [], {}),
        (b"\n---\n{broken", [], {}),
        (b"a.py\n  human 1\n---\n{}", [(b"a.py", 1, 1, "human", None)], {}),
        (b"a.py\n  h_0 2-3\n---\n{}", [(b"a.py", 2, 3, "human", None)], {}),
        (b"a.py\r\n  h_0 2\r\n---\r\n{}", [(b"a.py", 2, 2, "human", None)], {}),
        (b"a.py\n  ai_agent 1\n---\n{}", [(b"a.py", 1, 1, "ai", "unknown-ai")], {"key": 1}),
        (
            b"a.py\n  s_1::t_2 1\n",
            [(b"a.py", 1, 1, "ai", "unknown-ai")],
            {"key": 1, "metadata": 1},
        ),
        (
            b"a.py\n  k 1\n---\n" + b"[" * 100_000,
            [(b"a.py", 1, 1, "ai", "unknown-ai")],
            {"key": 1, "metadata": 1},
        ),
        (
            b'a.py\n  k 1\n---\n{"prompts": {"k": {"agent_id": {"tool": 5}}}, "sessions": [1]}',
            [(b"a.py", 1, 1, "ai", "unknown-ai")],
            {"key": 1},
        ),
        (
            b'a.py\n  k 1\n---\n{"prompts": {"k": {"agent_id": {"tool": "mock_ai"}}}}',
            [(b"a.py", 1, 1, "ai", "mock_ai")],
            {},
        ),
        (
            b"a.py\n  h_0 0,5-3,x,7-,8,99999999999999\n---\n{}",
            [(b"a.py", 8, 8, "human", None)],
            {"range": 5},
        ),
        (b"  h_0 1\na.py\n  h_0\n  h_0 1 2\n---\n{}", [], {"line": 3}),
        (b"\xff\xfe\n  h_0 1\n---\n{}", [(b"\xff\xfe", 1, 1, "human", None)], {}),
        (b'"a b"\n  h_0 1\n---\n{}', [(b"a b", 1, 1, "human", None)], {}),
        (b"gar\0bage", [], {"metadata": 1}),
    ],
)
def test_notes_that_break_the_format(note, ranges, ignored):
    found = Counter()
    assert parse_git_ai_note(note, found) == [AttestedRange(*entry) for entry in ranges]
    assert found == ignored


@given(st.binary())
def test_any_note_can_be_read(note):
    parse_git_ai_note(note)
    parse_git_ai_note(b"a.py\n  " + note + b"\n---\n{}")


# --------------------------------------------------------------------------- Agent Trace


def test_trace_records():
    text = (DATA / "agent_trace.jsonl").read_bytes()
    assert parse_agent_trace(text) == [
        TraceRange(SHA, b"src/cart.py", 21, 26, "ai", "cursor"),
        TraceRange(SHA, b"src/cart.py", 27, 30, "human", None),
        TraceRange(
            "078832117b556aa9f6885bcbf90bc004f9c8e000", b"src/pay.py", 1, 30, "ai", "claude"
        ),
    ]
    records = b"[" + b",".join(text.strip().splitlines()) + b"]"
    assert parse_agent_trace(records) == parse_agent_trace(text)


def test_trace_records_that_break_the_format():
    def record(kind='{"type":"ai"}', tool='{"name":"x"}', vcs=f'{{"revision":"{SHA}"}}', end="2"):
        return (
            f'{{"vcs":{vcs},"tool":{tool},"files":[{{"path":"./a.py","conversations":[{{'
            f'"contributor":{kind},"ranges":[{{"start_line":1,"end_line":{end}}}]}}]}}]}}'
        ).encode()

    def read(**parts):
        return [(found.authorship, found.tool) for found in parse_agent_trace(record(**parts))]

    assert parse_agent_trace(record()) == [TraceRange(SHA, b"a.py", 1, 2, "ai", "x")]
    assert read(kind='{"type":"mixed"}') == [("untagged", None)]
    assert read(kind='{"type":[]}') == [("untagged", None)]
    assert read(kind="null") == [("untagged", None)]
    assert read(tool="null") == [("ai", "unknown-ai")]
    for part in ({"vcs": "{}"}, {"vcs": '{"type":"jj","revision":"1"}'}, {"end": "0"}):
        assert read(**part) == []
    assert read(end="true") == read(end="1.5") == []
    mixed = b"nope\n" + record() + b"\n5\n[]\n"
    assert parse_agent_trace(mixed) == parse_agent_trace(record())
    assert parse_agent_trace(b"") == parse_agent_trace(b"null") == []


@given(st.binary())
def test_any_trace_can_be_read(text):
    parse_agent_trace(text)
